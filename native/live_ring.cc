// SPDX-License-Identifier: Apache-2.0
#include "live_ring.h"

#include <sys/mman.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/epoll.h>
#endif

namespace peregrine {

namespace {

constexpr uint32_t kBusy = uint32_t{1} << 31;
constexpr uint32_t kDiscard = uint32_t{1} << 30;
constexpr uint32_t kEntryHeader = 8;

uint64_t page_size() { return static_cast<uint64_t>(sysconf(_SC_PAGESIZE)); }

}  // namespace

bool LiveRing::open(int fd, uint32_t bytes) {
#ifdef __linux__
  const uint64_t page = page_size();
  void* consumer = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (consumer == MAP_FAILED) return false;
  consumer_ = static_cast<uint64_t*>(consumer);
  void* producer = mmap(nullptr, page + 2ull * bytes, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(page));
  if (producer == MAP_FAILED) return false;
  producer_ = static_cast<const uint64_t*>(producer);
  data_ = static_cast<const uint8_t*>(producer) + page;
  bytes_ = bytes;
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return false;
  epoll_event event{};
  event.events = EPOLLIN;
  fd_ = fd;
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
#else
  (void)fd;
  (void)bytes;
  return false;
#endif
}

void LiveRing::close() {
  const uint64_t page = page_size();
  if (consumer_ != nullptr) munmap(consumer_, page);
  if (producer_ != nullptr) munmap(const_cast<uint64_t*>(producer_), page + 2ull * bytes_);
  if (epoll_ >= 0) ::close(epoll_);
  consumer_ = nullptr;
  producer_ = nullptr;
  data_ = nullptr;
  epoll_ = -1;
}

Span LiveRing::peek() {
  // The producer's position is stored after the length of the entry that it makes room for.
  while (position_ < __atomic_load_n(producer_, __ATOMIC_ACQUIRE)) {
    const uint8_t* entry = data_ + (position_ & (bytes_ - 1));
    const uint32_t length = __atomic_load_n(reinterpret_cast<const uint32_t*>(entry), __ATOMIC_ACQUIRE);
    if ((length & kBusy) != 0) return {};
    const uint32_t size = length & ~(kBusy | kDiscard);
    next_ = position_ + ((static_cast<uint64_t>(size) + kEntryHeader + 7) & ~uint64_t{7});
    if ((length & kDiscard) == 0) return {entry + kEntryHeader, size};
    position_ = next_;
  }
  return {};
}

void LiveRing::release() { __atomic_store_n(consumer_, position_, __ATOMIC_RELEASE); }

uint64_t LiveRing::waiting() const { return __atomic_load_n(producer_, __ATOMIC_ACQUIRE) - position_; }

void LiveRing::sleep(int milliseconds) const {
#ifdef __linux__
  epoll_event event;
  epoll_wait(epoll_, &event, 1, milliseconds);
#else
  (void)milliseconds;
#endif
}

}  // namespace peregrine

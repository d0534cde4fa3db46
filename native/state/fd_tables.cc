// SPDX-License-Identifier: Apache-2.0
#include "fd_tables.h"

#include <cstring>

namespace peregrine::state {

namespace {

/** Numbers below it have a place in the vector. */
constexpr int32_t kDirect = 8192;
/** Vectors of the smallest size that are kept for the next process. */
constexpr size_t kMostSpare = 256;

}  // namespace

FdTables::~FdTables() {
  for (int32_t t = 1; t < threads_.end(); t++) {
    FdVector* vector = threads_[t].fds;
    threads_[t].fds = nullptr;
    if (vector != nullptr && --vector->sharers == 0) FdVector::destroy(vector);
  }
  for (FdVector* vector : spare_) FdVector::destroy(vector);
}

bool FdTables::set(int32_t t, int32_t fd, int32_t row, bool close_on_exec) {
  if (row == 0) {
    refused_++;
    return false;
  }
  if (t == 0 || fd < 0) {
    pool_.discard(row);
    return false;
  }
  FdVector* vector = &own(t);
  const int32_t old = vector->get(fd);
  if (old == 0 && vector->count >= kFdLimit) {
    refused_++;
    pool_.discard(row);
    return false;
  }
  pool_.hold(row);
  if (fd >= vector->size && fd < kDirect) {
    int32_t size = vector->size;
    while (size <= fd) size *= 2;
    vector = FdVector::grown(vector, size);
    threads_[t].fds = vector;
  }
  put(*vector, fd, row * 2 + (close_on_exec ? 1 : 0));
  if (old != 0) {
    pool_.release(old >> 1, now);
  } else {
    vector->count++;
    count_++;
  }
  return true;
}

void FdTables::set_close_on_exec(int32_t t, int32_t fd, bool on) {
  const int32_t old = entry(t, fd);
  if (old != 0 && ((old & 1) != 0) != on) put(own(t), fd, old ^ 1);
}

void FdTables::remove(int32_t t, int32_t fd) {
  if (entry(t, fd) != 0) drop(own(t), fd);
}

void FdTables::remove_range(int32_t t, uint32_t first, uint32_t last) {
  each(t, [&](int32_t fd, int32_t) {
    const uint32_t number = static_cast<uint32_t>(fd);
    if (number >= first && number <= last) remove(t, fd);
  });
}

void FdTables::remove_close_on_exec(int32_t t) {
  FdVector* vector = threads_[t].fds;
  if (vector == nullptr) return;
  // The first removal may make a copy; the others that share this one keep it.
  for (int32_t fd = 0; fd < vector->size; fd++) {
    if ((vector->entries()[fd] & 1) != 0) remove(t, fd);
  }
  if (vector->beyond == nullptr) return;
  const auto beyond = *vector->beyond;
  for (const auto& [fd, entry] : beyond) {
    if ((entry & 1) != 0) remove(t, fd);
  }
}

void FdTables::share(int32_t parent, int32_t child) {
  clear(child);
  FdVector* vector = threads_[parent].fds;
  if (vector == nullptr) return;
  vector->sharers++;
  threads_[child].fds = vector;
}

void FdTables::clear(int32_t t) {
  FdVector* vector = threads_[t].fds;
  if (vector == nullptr) return;
  threads_[t].fds = nullptr;
  if (--vector->sharers > 0) return;
  for (int32_t fd = 0; vector->count > 0 && fd < vector->size; fd++) drop(*vector, fd);
  while (vector->beyond != nullptr && !vector->beyond->empty()) drop(*vector, vector->beyond->begin()->first);
  vector->beyond.reset();
  if (vector->size == FdVector::kSmallest && spare_.size() < kMostSpare) {
    spare_.push_back(vector);
  } else {
    FdVector::destroy(vector);
  }
}

void FdTables::put(FdVector& vector, int32_t fd, int32_t entry) {
  if (fd < vector.size) {
    vector.entries()[fd] = entry;
  } else {
    if (vector.beyond == nullptr) vector.beyond = std::make_unique<std::map<int32_t, int32_t>>();
    (*vector.beyond)[fd] = entry;
  }
}

void FdTables::drop(FdVector& vector, int32_t fd) {
  const int32_t old = vector.get(fd);
  if (old == 0) return;
  if (fd < vector.size) {
    vector.entries()[fd] = 0;
  } else {
    vector.beyond->erase(fd);
  }
  vector.count--;
  count_--;
  pool_.release(old >> 1, now);
}

/** An empty vector with one sharer. */
FdVector* FdTables::take(int32_t size) {
  if (size != FdVector::kSmallest || spare_.empty()) return FdVector::make(size);
  FdVector* vector = spare_.back();
  spare_.pop_back();
  vector->sharers = 1;
  return vector;
}

/** The vector of `t` for writing: its own, not shared with anyone. */
FdVector& FdTables::own(int32_t t) {
  FdVector* vector = threads_[t].fds;
  if (vector != nullptr && vector->sharers == 1) return *vector;
  FdVector* mine = take(vector == nullptr ? FdVector::kSmallest : vector->size);
  threads_[t].fds = mine;
  if (vector == nullptr) return *mine;
  vector->sharers--;
  mine->count = vector->count;
  count_ += vector->count;
  for (int32_t fd = 0; fd < vector->size; fd++) {
    const int32_t entry = vector->entries()[fd];
    mine->entries()[fd] = entry;
    if (entry != 0) pool_.hold(entry >> 1);
  }
  if (vector->beyond != nullptr) {
    mine->beyond = std::make_unique<std::map<int32_t, int32_t>>(*vector->beyond);
    for (const auto& [fd, entry] : *mine->beyond) pool_.hold(entry >> 1);
  }
  return *mine;
}

}  // namespace peregrine::state

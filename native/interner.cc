// SPDX-License-Identifier: Apache-2.0
#include "interner.h"

#include <algorithm>
#include <random>

#include "pages.h"

namespace peregrine {

namespace {

constexpr uint8_t kPathAbsolute = path_flag::kAbsolute;
constexpr uint8_t kPathNormal = path_flag::kNormal;
constexpr size_t kMaxPath = 1023;
constexpr uint64_t kArenaStep = 256 * 1024;
constexpr uint32_t kIdStep = 16 * 1024;

uint64_t random_seed() {
  std::random_device device;
  return static_cast<uint64_t>(device()) << 32 | device();
}

uint8_t path_flags(const uint8_t* data, size_t size) {
  if (size == 0 || data[0] != '/') return 0;
  if (size > kMaxPath) return kPathAbsolute;
  if (size == 1) return kPathAbsolute | kPathNormal;
  size_t part = 1;
  for (size_t i = 1; i <= size; i++) {
    if (i < size && data[i] != '/') continue;
    const size_t length = i - part;
    if (length == 0 || (length == 1 && data[part] == '.') || (length == 2 && data[part] == '.' && data[part + 1] == '.')) {
      return kPathAbsolute;
    }
    part = i + 1;
  }
  return kPathAbsolute | kPathNormal;
}

/** Appends the parts of `path` to the normal path in `out` (a buffer that has room for all of it); returns its new size. */
size_t append_normal(char* out, size_t size, size_t root, Span path) {
  size_t at = 0;
  while (at < path.size) {
    const void* slash = std::memchr(path.data + at, '/', path.size - at);
    const size_t end = slash == nullptr ? path.size : static_cast<size_t>(static_cast<const uint8_t*>(slash) - path.data);
    const uint8_t* part = path.data + at;
    const size_t length = end - at;
    at = end + 1;
    if (length == 0 || (length == 1 && part[0] == '.')) continue;
    if (length == 2 && part[0] == '.' && part[1] == '.') {
      while (size > root && out[size - 1] != '/') size--;
      if (size > root) size--;
      continue;
    }
    if (size > root) out[size++] = '/';
    std::memcpy(out + size, part, length);
    size += length;
  }
  return size;
}

}  // namespace

Interner::Interner(const DictionaryMemory& memory) : memory_(memory), hasher_(random_seed()) {
  reset_table();
  for (uint32_t id = 0; id < 2 && id < memory_.ids; id++) {
    memory_.offsets[id] = 0;
    memory_.lengths[id] = 0;
    memory_.flags[id] = 0;
  }
}

void Interner::reset_table() {
  segments_.clear();
  shift_ = 31;
  directory_.clear();
  for (int half = 0; half < 2; half++) {
    const Place place = new_segment(1);
    directory_.push_back(place);
  }
}

Interner::Place Interner::new_segment(uint8_t depth) {
  const uint32_t number = static_cast<uint32_t>(segments_.size());
  if (number / kChunk == chunks_.size()) {
    constexpr size_t bytes = kChunk * kSegment * sizeof(Entry);
    void* chunk = std::aligned_alloc(4096, bytes);
    if (chunk == nullptr) std::abort();
    touch_pages(chunk, bytes);
    chunks_.emplace_back(static_cast<Entry*>(chunk));
  }
  Entry* entries = chunks_[number / kChunk].get() + static_cast<size_t>(number % kChunk) * kSegment;
  std::memset(entries, 0, kSegment * sizeof(Entry));
  segments_.push_back({0, depth});
  return {entries, number};
}

/** Splits the segment that `hash` belongs to into two by one more bit of the hash. */
bool Interner::split(uint32_t hash) {
  const unsigned bits = 32 - shift_;
  const Place old = directory_[hash >> shift_];
  const unsigned depth = segments_[old.segment].depth;
  if (depth >= kMaxDepth) return false;
  if (depth == bits) {
    std::vector<Place> wider(directory_.size() * 2);
    for (size_t i = 0; i < wider.size(); i++) wider[i] = directory_[i / 2];
    directory_ = std::move(wider);
    shift_--;
  }
  Entry moving[kSegment];
  std::memcpy(moving, old.entries, sizeof moving);
  std::memset(old.entries, 0, sizeof moving);
  segments_[old.segment] = {0, static_cast<uint8_t>(depth + 1)};
  const Place other = new_segment(static_cast<uint8_t>(depth + 1));
  // The places of the old segment are neighbours in the directory: the upper half of them goes to the new one.
  const size_t span = size_t{1} << ((32 - shift_) - depth);
  const size_t first = (static_cast<size_t>(hash >> shift_) / span) * span;
  for (size_t i = first + span / 2; i < first + span; i++) directory_[i] = other;
  for (const Entry& entry : moving) {
    if (entry.id != 0) place(entry);
  }
  return true;
}

void Interner::place(const Entry& entry) {
  const Place where = directory_[entry.hash >> shift_];
  uint32_t at = entry.hash & (kSegment - 1);
  while (where.entries[at].id != 0) at = (at + 1) & (kSegment - 1);
  where.entries[at] = entry;
  segments_[where.segment].fill++;
}

bool Interner::make_room(uint32_t hash) {
  while (segments_[directory_[hash >> shift_].segment].fill >= kSegmentLimit) {
    if (!split(hash)) return false;
  }
  return true;
}

/** Takes pages that are about to be written, many at once: one by one, each costs more than all other work on it. */
void Interner::touch_ahead(uint32_t id, uint64_t end) {
  if (end > arena_touched_) {
    const uint64_t upto = std::min(memory_.arena_bytes, std::max(arena_touched_ + kArenaStep, end));
    touch_pages(memory_.arena + arena_touched_, upto - arena_touched_);
    arena_touched_ = upto;
  }
  if (id >= ids_touched_) {
    const uint32_t upto = std::min(memory_.ids, ids_touched_ + kIdStep);
    touch_pages(memory_.offsets + ids_touched_, (upto - ids_touched_) * sizeof(uint32_t));
    touch_pages(memory_.lengths + ids_touched_, (upto - ids_touched_) * sizeof(uint32_t));
    touch_pages(memory_.flags + ids_touched_, upto - ids_touched_);
    ids_touched_ = upto;
  }
}

uint32_t Interner::add(uint32_t hash, const uint8_t* data, size_t size) {
  const bool has_id = !free_ids_.empty() || next_id_ < memory_.ids;
  if (!has_id || size > memory_.arena_bytes - used_ || !make_room(hash)) {
    lost_++;
    return kAbsent;
  }
  uint32_t id;
  if (free_ids_.empty()) {
    id = next_id_++;
  } else {
    id = free_ids_.back();
    free_ids_.pop_back();
  }
  touch_ahead(id, used_ + size);
  const uint32_t offset = static_cast<uint32_t>(used_);
  std::memcpy(memory_.arena + offset, data, size);
  used_ += size;
  count_++;
  memory_.offsets[id] = offset;
  memory_.lengths[id] = static_cast<uint32_t>(size);
  memory_.flags[id] = path_flags(data, size);
  place({hash, id, offset, static_cast<uint32_t>(size)});
  return id;
}

Span Interner::bytes_of(uint32_t id) const {
  if (id < 2 || id >= next_id_) return {};
  return {memory_.arena + memory_.offsets[id], memory_.lengths[id]};
}

uint32_t Interner::join(uint32_t dir, uint32_t name) {
  const Span path = bytes_of(name);
  if (path.size == 0) return kEmpty;
  const bool absolute = path.data[0] == '/';
  const Span from = absolute ? Span{} : bytes_of(dir);
  const bool separate = from.size > 0 && from.data[from.size - 1] != '/';
  if (from.size + separate + path.size > kMaxPath) {
    static constexpr char kTooLong[] = "/DIR_TOO_LONG/FILENAME_TOO_LONG";
    return intern(reinterpret_cast<const uint8_t*>(kTooLong), sizeof kTooLong - 1);
  }
  char joined[kMaxPath + 2];
  size_t root = 0;
  if (absolute || (from.size > 0 && from.data[0] == '/')) joined[root++] = '/';
  const size_t size = append_normal(joined, append_normal(joined, root, root, from), root, path);
  return intern(reinterpret_cast<const uint8_t*>(joined), size);
}

void Interner::sweep(const uint8_t* marks, size_t count) {
  const uint32_t end = next_id_;
  std::vector<uint32_t> live;
  live.reserve(count_);
  free_ids_.clear();
  // From the top, so that the free list hands out low ids, whose pages are in use, first.
  for (uint32_t id = end - 1; id >= 2; id--) {
    if (id < count && marks[id] != 0 && memory_.lengths[id] != 0) {
      live.push_back(id);
    } else {
      memory_.offsets[id] = memory_.lengths[id] = 0;
      memory_.flags[id] = 0;
      free_ids_.push_back(id);
    }
  }
  // In the order of their bytes each string moves down or stays, and never over one that has not moved yet.
  std::sort(live.begin(), live.end(),
            [this](uint32_t a, uint32_t b) { return memory_.offsets[a] < memory_.offsets[b]; });
  reset_table();
  used_ = 0;
  count_ = 0;
  for (const uint32_t id : live) {
    const uint32_t size = memory_.lengths[id];
    const uint8_t* from = memory_.arena + memory_.offsets[id];
    uint8_t* to = memory_.arena + used_;
    if (from != to) std::memmove(to, from, size);
    memory_.offsets[id] = static_cast<uint32_t>(used_);
    const uint32_t hash = hasher_.top(to, size);
    make_room(hash);
    place({hash, id, static_cast<uint32_t>(used_), size});
    used_ += size;
    count_++;
  }
}

}  // namespace peregrine

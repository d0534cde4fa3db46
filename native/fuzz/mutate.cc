// SPDX-License-Identifier: Apache-2.0

/*
 * Changes inputs block by block: a change within a block that keeps the framing around it right reaches what a change
 * anywhere would not, since its length and everything behind it would be wrong. Half of the changes are of that other kind.
 */

#include <random>
#include <vector>

#include "../block.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t most);

namespace peregrine::fuzz {

namespace {

constexpr size_t kRoom = 4096;  // that a block may grow by

struct Part {
  uint32_t number;
  std::vector<uint8_t> body;
};

/** The blocks that an input begins with. @param rest where they end */
std::vector<Part> split(const uint8_t* data, size_t size, size_t& rest) {
  std::vector<Part> parts;
  size_t at = 0;
  while (size - at >= kSmallestBlock) {
    const uint32_t total = load<uint32_t>(data + at + 4);
    if (total < kSmallestBlock || total > size - at) break;
    parts.push_back({load<uint32_t>(data + at), {data + at + kBlockHeader, data + at + total - kBlockTrailer}});
    at += total;
  }
  rest = at;
  return parts;
}

void append(std::vector<uint8_t>& to, uint32_t value) {
  const uint8_t* bytes = reinterpret_cast<const uint8_t*>(&value);
  to.insert(to.end(), bytes, bytes + sizeof value);
}

/** An event's own length, as long as its block. */
void fix_event(Part& part) {
  const BlockType type = block_type(part.number);
  const size_t prefix = type.has_flags ? 6 : 2;
  if (type.kind != BlockKind::kEvent || part.body.size() < prefix + 22) return;
  const uint32_t len = static_cast<uint32_t>(part.body.size() - prefix);
  std::memcpy(part.body.data() + prefix + 16, &len, sizeof len);
}

void change(std::vector<Part>& parts, std::mt19937& random) {
  const size_t at = random() % parts.size();
  switch (random() % 8) {
    case 0:
      parts.erase(parts.begin() + static_cast<ptrdiff_t>(at));
      return;
    case 1: {
      const Part copy = parts[at];
      parts.insert(parts.begin() + static_cast<ptrdiff_t>(random() % (parts.size() + 1)), copy);
      return;
    }
    case 2:
      std::swap(parts[at], parts[random() % parts.size()]);
      return;
    default: {
      Part& part = parts[at];
      const size_t size = part.body.size();
      part.body.resize(size + kRoom);
      part.body.resize(LLVMFuzzerMutate(part.body.data(), size, size + 1 + random() % (kRoom - 1)));
      if (random() % 4 != 0) fix_event(part);
    }
  }
}

}  // namespace

size_t mutate(uint8_t* data, size_t size, size_t most, unsigned seed) {
  std::mt19937 random(seed);
  size_t rest = 0;
  std::vector<Part> parts;
  if (size > 1 && random() % 2 == 0) parts = split(data, size - 1, rest);
  if (parts.empty()) return LLVMFuzzerMutate(data, size, most);
  const std::vector<uint8_t> behind(data + rest, data + size);  // with the byte that chooses the mode
  for (uint32_t i = 1 + random() % 3; i > 0 && !parts.empty(); i--) change(parts, random);
  std::vector<uint8_t> made;
  for (const Part& part : parts) {
    const size_t padding = (4 - (part.body.size() & 3)) & 3;
    const uint32_t total = static_cast<uint32_t>(kSmallestBlock + part.body.size() + padding);
    append(made, part.number);
    append(made, total);
    made.insert(made.end(), part.body.begin(), part.body.end());
    made.insert(made.end(), padding, 0);
    append(made, total);
  }
  made.insert(made.end(), behind.begin(), behind.end());
  if (random() % 16 == 0) made.back() = static_cast<uint8_t>(random());
  if (made.size() > most) return LLVMFuzzerMutate(data, size, most);
  std::memcpy(data, made.data(), made.size());
  return made.size();
}

}  // namespace peregrine::fuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  return peregrine::fuzz::mutate(data, size, most, seed);
}

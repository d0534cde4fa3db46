// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "../interner.h"
#include "pair_memo.h"

namespace peregrine::state {

/** The strings that the state stage makes out of others, each worked out once while it is remembered. All by id. */
class Strings {
 public:
  explicit Strings(Interner& interner) : interner_(interner), memory_(interner.memory()) { intern_constants(); }

  uint32_t intern(Span bytes) { return interner_.intern(bytes); }
  uint32_t intern(const std::string& text) {
    return interner_.intern(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  }

  /** The bytes; valid until the next sweep. */
  Span bytes(uint32_t id) const { return {memory_.arena + memory_.offsets[id], memory_.lengths[id]}; }
  bool is_empty(uint32_t id) const { return memory_.lengths[id] == 0; }
  bool is_absolute(uint32_t id) const { return (memory_.flags[id] & path_flag::kAbsolute) != 0; }

  /** `name` seen from directory `dir`, normalised. */
  uint32_t path(uint32_t dir, uint32_t name) {
    if ((memory_.flags[name] & path_flag::kNormal) != 0) return name;
    const uint32_t from = is_absolute(name) || dir == kAbsent ? kEmpty : dir;
    const uint32_t known = joined_.get(name, from);
    return known != 0 ? known : joined_.keep(name, from, interner_.join(from, name));
  }

  /** A path as a working directory: with a "/" at its end. */
  uint32_t folder(uint32_t path);
  /** The command line: the command's name and its arguments (NUL separated), one blank between them. */
  uint32_t cmdline(uint32_t comm, uint32_t args);

  void mark(uint8_t* marks) const;
  /** After a sweep: what is remembered by id may mean other strings now. */
  void forget();

  uint32_t na() const { return na_; }
  uint32_t host() const { return host_; }
  uint32_t unknown() const { return unknown_; }

 private:
  void intern_constants();

  Interner& interner_;
  const DictionaryMemory& memory_;
  PairMemo joined_{1 << 14};
  PairMemo folders_{1 << 10};
  PairMemo cmdlines_{1 << 13};
  std::string line_;
  // Constants, interned again after each sweep.
  uint32_t na_ = 0;
  uint32_t host_ = 0;
  uint32_t unknown_ = 0;
};

}  // namespace peregrine::state

// SPDX-License-Identifier: Apache-2.0
#include "strings.h"

#include <algorithm>

namespace peregrine::state {

void Strings::intern_constants() {
  na_ = intern("<NA>");
  host_ = intern("host");
  unknown_ = intern("<UNKNOWN>");
}

void Strings::mark(uint8_t* marks) const {
  for (const uint32_t id : {na_, host_, unknown_}) marks[id] = 1;
}

void Strings::forget() {
  joined_.clear();
  folders_.clear();
  cmdlines_.clear();
  intern_constants();
}

uint32_t Strings::folder(uint32_t path) {
  const Span text = bytes(path);
  if (text.size > 0 && text.data[text.size - 1] == '/') return path;
  const uint32_t known = folders_.get(path, 0);
  if (known != 0) return known;
  line_.assign(reinterpret_cast<const char*>(text.data), text.size);
  line_ += '/';
  return folders_.keep(path, 0, intern(line_));
}

uint32_t Strings::cmdline(uint32_t comm, uint32_t args) {
  if (args == kAbsent || args == kEmpty || comm == kAbsent) return comm;
  const uint32_t known = cmdlines_.get(comm, args);
  if (known != 0) return known;
  const Span name = bytes(comm);
  const Span rest = bytes(args);
  line_.assign(reinterpret_cast<const char*>(name.data), name.size);
  line_ += ' ';
  line_.append(reinterpret_cast<const char*>(rest.data), rest.size);
  std::replace(line_.begin() + static_cast<std::ptrdiff_t>(name.size), line_.end(), '\0', ' ');
  return cmdlines_.keep(comm, args, intern(line_));
}

}  // namespace peregrine::state

// SPDX-License-Identifier: Apache-2.0
#include "address_text.h"

namespace peregrine::state {

void TextWriter::decimal(uint32_t value) {
  char digits[10];
  int count = 0;
  do {
    digits[count++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count > 0) sign(digits[--count]);
}

void TextWriter::hex(uint64_t value) {
  int shift = 60;
  while (shift > 0 && (value >> shift) == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) sign("0123456789abcdef"[value >> shift & 15]);
}

void TextWriter::ip4(const uint8_t* bytes) {
  for (int i = 0; i < 4; i++) {
    if (i > 0) sign('.');
    decimal(bytes[i]);
  }
}

void TextWriter::ip6(const uint8_t* bytes) {
  uint32_t groups[8];
  for (int i = 0; i < 8; i++) groups[i] = static_cast<uint32_t>(bytes[2 * i]) << 8 | bytes[2 * i + 1];
  int best = -1;
  int best_length = 1;
  for (int i = 0; i < 8;) {
    int n = 0;
    while (i + n < 8 && groups[i + n] == 0) n++;
    if (n > best_length) {
      best = i;
      best_length = n;
    }
    i += n > 0 ? n : 1;
  }
  const bool has_v4 = best == 0 && (best_length == 6 || (best_length == 7 && groups[7] != 1) ||
                                    (best_length == 5 && groups[5] == 0xffff));
  for (int i = 0; i < 8; i++) {
    if (best >= 0 && i >= best && i < best + best_length) {
      if (i == best) sign(':');
      continue;
    }
    if (i > 0) sign(':');
    if (i == 6 && has_v4) {
      ip4(bytes + 12);
      return;
    }
    hex(groups[i]);
  }
  if (best >= 0 && best + best_length == 8) sign(':');
}

}  // namespace peregrine::state

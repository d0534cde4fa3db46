// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace peregrine {

/**
 * Makes the pages of [start, start + size) resident without changing them. In one call where the kernel can do that
 * (5.14), else page by page.
 */
inline void touch_pages(void* start, size_t size) {
  if (size == 0) return;
  const uintptr_t page = 4096;
  const uintptr_t first = reinterpret_cast<uintptr_t>(start) & ~(page - 1);
  const uintptr_t end = reinterpret_cast<uintptr_t>(start) + size;
#ifdef MADV_POPULATE_WRITE
  if (madvise(reinterpret_cast<void*>(first), end - first, MADV_POPULATE_WRITE) == 0) return;
#endif
  for (uintptr_t at = reinterpret_cast<uintptr_t>(start); at < end; at = (at & ~(page - 1)) + page) {
    volatile uint8_t* byte = reinterpret_cast<volatile uint8_t*>(at);
    *byte = *byte;
  }
}

}  // namespace peregrine

// SPDX-License-Identifier: Apache-2.0
#include "fd_vector.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace peregrine::state {

FdVector* FdVector::make(int32_t size) {
  constexpr size_t kLine = 64;
  const size_t entries = static_cast<size_t>(size) * sizeof(int32_t);
  const size_t bytes = (sizeof(FdVector) + entries + kLine - 1) & ~(kLine - 1);
  void* memory = std::aligned_alloc(kLine, bytes);
  if (memory == nullptr) std::abort();
  FdVector* vector = new (memory) FdVector;
  vector->size = size;
  std::memset(vector->entries(), 0, entries);
  return vector;
}

void FdVector::destroy(FdVector* vector) {
  vector->~FdVector();
  std::free(vector);
}

FdVector* FdVector::grown(FdVector* vector, int32_t size) {
  FdVector* larger = make(size);
  std::memcpy(larger->entries(), vector->entries(), static_cast<size_t>(vector->size) * sizeof(int32_t));
  larger->count = vector->count;
  larger->beyond = std::move(vector->beyond);
  destroy(vector);
  return larger;
}

}  // namespace peregrine::state

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace peregrine::state {

/**
 * A fixed array of zeros, aligned to cache lines. Its pages are taken from the system when they are first written, so
 * that a generous size costs address space, not memory.
 */
template <typename T>
class ZeroArray {
 public:
  explicit ZeroArray(size_t count) : size_(count), memory_(std::calloc(count * sizeof(T) + kLine, 1)) {
    if (memory_ == nullptr) std::abort();
    const uintptr_t start = reinterpret_cast<uintptr_t>(memory_.get());
    data_ = reinterpret_cast<T*>((start + kLine - 1) & ~(kLine - 1));
  }

  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  T* data() { return data_; }
  size_t size() const { return size_; }

 private:
  static constexpr uintptr_t kLine = 64;
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };

  size_t size_;
  std::unique_ptr<void, Free> memory_;
  T* data_;
};

}  // namespace peregrine::state

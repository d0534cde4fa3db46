// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace peregrine {

/** Why a capture cannot be read on: a code of src/telemetry/errors.ts, a sentence, a byte offset in the inflated input. */
struct Failure {
  const char* code = nullptr;
  std::string message;
  int64_t offset = -1;

  explicit operator bool() const { return code != nullptr; }

  /** Keeps the first failure; later ones follow from it. Always false, so that callers can return it. */
  bool set(const char* which, std::string sentence, int64_t at = -1) {
    if (code == nullptr) {
      code = which;
      message = std::move(sentence);
      offset = at;
    }
    return false;
  }
};

}  // namespace peregrine

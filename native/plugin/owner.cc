// SPDX-License-Identifier: Apache-2.0
#include "owner.h"

namespace peregrine::plugin {

namespace {

constexpr uint64_t kOwnerMagic = 0x70657265677269ff;
constexpr size_t kMaxLogBytes = 16384;

}  // namespace

Owner::Owner(const Library& lib, Channel& channel)
    : library(lib), mail(channel), name(lib.name()), magic_(kOwnerMagic) {}

Owner* Owner::of(void* pointer) {
  auto* owner = static_cast<Owner*>(pointer);
  return owner != nullptr && owner->magic_ == kOwnerMagic ? owner : nullptr;
}

std::string Owner::plugin_error() const {
  // A library may return no state from a failed init, and none of them has to bear a null one here.
  if (state == nullptr) return "plugin handle or 'get_last_error' function not defined";
  return foreign_text(library.common().get_last_error(state), abi::kMaxErrorBytes);
}

const char* Owner::get_last_error(void* owner) {
  const Owner* self = of(owner);
  return self == nullptr || self->last_error_.empty() ? nullptr : self->last_error_.c_str();
}

void Owner::log(void* owner, const char* component, const char* message, uint32_t severity) {
  Owner* self = of(owner);
  if (self == nullptr) return;
  const std::string from = component == nullptr ? self->name : foreign_text(component, kMaxLogBytes);
  const std::string text = from + ": " + foreign_text(message, kMaxLogBytes);
  self->mail.post(Mail::kLog, severity, {span_of(text)});
}

}  // namespace peregrine::plugin

// SPDX-License-Identifier: Apache-2.0
#include "recipe.h"

#include "converter.h"

namespace peregrine {

void Recipes::read(const int32_t* plan) {
  wanted_.clear();
  wanted_.reserve(sizeof kParams / sizeof kParams[0]);  // so that it never moves
  for (uint32_t type = 0; type < kEventTypes; type++) {
    const int32_t* row = plan + static_cast<size_t>(type) * kPlanWords;
    const EventInfo& info = kEvents[type];
    Recipe& recipe = recipes_[type];
    recipe = Recipe{};
    const int32_t action = row[0] & ~plan_action::kImage;
    recipe.action = action == plan_action::kState || action == plan_action::kRules ? action : plan_action::kSkip;
    recipe.has_image = recipe.action != plan_action::kSkip && (row[0] & plan_action::kImage) != 0;
    recipe.has_blobs = recipe.has_image;
    recipe.test = recipe.action == plan_action::kState ? row[3] : plan_test::kNone;
    for (uint32_t i = 0; i < 4; i++) recipe.operands[i] = row[4 + i];
    recipe.current_from = Converter::current_from(info);
    const bool is_skipped = recipe.action == plan_action::kSkip;
    quick_[type] = {is_skipped ? recipe.current_from : Converter::kNever, info.marks, info.length_width};
    if (is_skipped) continue;
    const uint32_t mask = static_cast<uint32_t>(recipe.action == plan_action::kRules ? row[1] | row[2] : row[2]);
    recipe.wanted = wanted_.data() + wanted_.size();
    for (uint32_t i = 0; i < info.nparams; i++) {
      const ParamInfo& param = kParams[info.first_param + i];
      if ((mask >> i & 1) == 0 || param.kind == ParamKind::kNone) continue;
      wanted_.push_back({static_cast<uint8_t>(i), param.kind, param.width, param.is_signed, param.word});
      recipe.has_blobs |= param.kind == ParamKind::kBlob;
      recipe.count++;
    }
  }
}

bool Recipe::holds(uint16_t type, const EventParams& params) const {
  if (test == plan_test::kNone) return true;
  const EventInfo& info = kEvents[type];
  const uint32_t index = static_cast<uint32_t>(operands[0]);
  if (index >= info.nparams || (params.present >> index & 1) == 0) return false;
  const ParamInfo& param = kParams[info.first_param + index];
  switch (test) {
    case plan_test::kOneOf: {
      const int64_t value = integer_of(params.param[index], param.width, param.is_signed);
      for (uint32_t i = 1; i < 4; i++) {
        // Operands are 32 bits wide: an unsigned parameter may have its top bit set.
        if (value == operands[i] || value == static_cast<uint32_t>(operands[i])) return true;
      }
      return false;
    }
    case plan_test::kSuccess:
      return integer_of(params.param[index], param.width, true) >= 0;
    default:
      return true;
  }
}

uint64_t Recipe::blob_bytes(uint16_t type, const EventParams& params) const {
  uint64_t bytes = has_image ? image_bytes(type, params) : 0;
  for (uint32_t i = 0; i < count; i++) {
    const bool is_present = (params.present >> wanted[i].index & 1) != 0;
    if (wanted[i].kind == ParamKind::kBlob && is_present) bytes += params.param[wanted[i].index].size;
  }
  return bytes;
}

}  // namespace peregrine

// SPDX-License-Identifier: Apache-2.0
#include <napi.h>

#include "link_class.h"

namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports["Link"] = peregrine::plugin::LinkClass::define(env);
  return exports;
}

}  // namespace

NODE_API_MODULE(plugin_link, init)

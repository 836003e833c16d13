// Splitting and joining on plain memory: what tunRead and tunWrite do, without a device. For tests.
#pragma once

#include <node_api.h>

namespace resip {

napi_value gsoSplit(napi_env env, napi_callback_info info);
napi_value gsoJoin(napi_env env, napi_callback_info info);

}  // namespace resip

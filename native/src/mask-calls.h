// The header mask as JavaScript calls it: `src/native/addon.ts`.
#pragma once

#include <node_api.h>

namespace resip {

napi_value maskCreate(napi_env env, napi_callback_info info);
napi_value maskDestroy(napi_env env, napi_callback_info info);
napi_value unmask(napi_env env, napi_callback_info info);

}  // namespace resip

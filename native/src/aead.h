// The session layer of PROTOCOL.md §2 over whole batches.
#pragma once

#include <node_api.h>

namespace resip {

napi_value seal(napi_env env, napi_callback_info info);
napi_value open(napi_env env, napi_callback_info info);
napi_value hasAes(napi_env env, napi_callback_info info);
napi_value gcmLibrary(napi_env env, napi_callback_info info);

}  // namespace resip

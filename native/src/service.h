// What a daemon says to its service manager, and how it starts anew as another user: Node.js has neither call.
#pragma once

#include <node_api.h>

namespace resip {

napi_value notifyService(napi_env env, napi_callback_info info);
napi_value execProgram(napi_env env, napi_callback_info info);

}  // namespace resip

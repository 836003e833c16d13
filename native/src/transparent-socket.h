// TCP sockets that take connections to addresses which are not this machine's (TPROXY).
#pragma once

#include <node_api.h>

namespace resip {

napi_value transparentDescriptor(napi_env env, napi_callback_info info);

}  // namespace resip

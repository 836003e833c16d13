// How this process uses memory.
#pragma once

#include <node_api.h>

namespace resip {

// Once per process, before threads of ours begin.
void limitArenas();

napi_value releaseStartMemory(napi_env env, napi_callback_info info);

}  // namespace resip

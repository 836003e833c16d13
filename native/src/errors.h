// How failures reach JavaScript: misuse as TypeError or RangeError, system calls as Error with syscall, errno, code.
#pragma once

#include <node_api.h>

namespace resip {

// Each throws in JavaScript and returns nullptr, so that a caller can say `return throwRange(...)`.
napi_value throwType(napi_env env, const char* format, ...) __attribute__((format(printf, 2, 3)));
napi_value throwRange(napi_env env, const char* format, ...) __attribute__((format(printf, 2, 3)));

// `errnum` is a positive errno, `subject` what the call was about (a device name, an address), may be empty.
napi_value throwSystem(napi_env env, const char* syscall, int errnum, const char* subject = "");

}  // namespace resip

#include "errors.h"

#include <errno.h>
#include <uv.h>

#include <cstdarg>
#include <cstdio>

namespace resip {

namespace {

void setText(napi_env env, napi_value error, const char* name, const char* text) {
  napi_value value;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
  napi_set_named_property(env, error, name, value);
}

// libuv has no name for EBADFD, which a deleted TUN device answers with.
void errnoName(int errnum, char* out, size_t size) {
  if (errnum == EBADFD) {
    snprintf(out, size, "EBADFD");
  } else {
    uv_err_name_r(-errnum, out, size);
  }
}

}  // namespace

napi_value throwType(napi_env env, const char* format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", text);
  return nullptr;
}

napi_value throwRange(napi_env env, const char* format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  napi_throw_range_error(env, "ERR_OUT_OF_RANGE", text);
  return nullptr;
}

napi_value throwSystem(napi_env env, const char* syscall, int errnum, const char* subject) {
  char code[64];
  errnoName(errnum, code, sizeof code);
  char reason[128];
  if (errnum == EBADFD) {
    snprintf(reason, sizeof reason, "file descriptor in bad state");
  } else {
    uv_strerror_r(-errnum, reason, sizeof reason);
  }
  char text[384];
  snprintf(text, sizeof text, "%s: %s, %s%s%s", code, reason, syscall, *subject ? " " : "", subject);
  napi_value message;
  napi_value error;
  napi_value number;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message);
  napi_create_error(env, nullptr, message, &error);
  setText(env, error, "code", code);
  setText(env, error, "syscall", syscall);
  napi_create_int32(env, errnum, &number);
  napi_set_named_property(env, error, "errno", number);
  napi_throw(env, error);
  return nullptr;
}

}  // namespace resip

#include "call.h"

#include <cmath>
#include <cstdio>

namespace resip {

Call::Call(napi_env env, napi_callback_info info) : env_(env), environment_(Environment::of(env)) {
  // Node fills what the caller left out with undefined.
  napi_get_cb_info(env, info, &count_, arguments_, nullptr, nullptr);
}

void Call::failType(const char* name, const char* expected) {
  if (ok_) throwType(env_, "%s: expected %s", name, expected);
  ok_ = false;
}

void Call::noSuchHandle(const char* name) {
  failType(name, "an open handle of this kind");
}

int64_t Call::integer(size_t index, const char* name, int64_t low, int64_t high) {
  if (!ok_) return low;
  double value;
  if (napi_get_value_double(env_, arguments_[index], &value) != napi_ok || !(std::trunc(value) == value)) {
    failType(name, "an integer");
    return low;
  }
  if (value < static_cast<double>(low) || value > static_cast<double>(high)) {
    throwRange(env_, "%s: expected %lld to %lld, got %.17g", name, static_cast<long long>(low),
               static_cast<long long>(high), value);
    ok_ = false;
    return low;
  }
  return static_cast<int64_t>(value);
}

bool Call::flag(size_t index, const char* name, bool otherwise) {
  bool value = otherwise;
  napi_valuetype type = napi_undefined;
  napi_typeof(env_, arguments_[index], &type);
  if (!ok_ || type == napi_undefined) return otherwise;
  if (napi_get_value_bool(env_, arguments_[index], &value) != napi_ok) failType(name, "a boolean");
  return value;
}

Bytes Call::bytes(size_t index, const char* name) {
  Bytes bytes;
  if (!ok_) return bytes;
  bool isTyped = false;
  napi_typedarray_type type;
  void* data = nullptr;
  napi_is_typedarray(env_, arguments_[index], &isTyped);
  if (!isTyped ||
      napi_get_typedarray_info(env_, arguments_[index], &type, &bytes.length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array) {
    failType(name, "a Uint8Array");
    return {};
  }
  bytes.data = static_cast<uint8_t*>(data);
  return bytes;
}

const uint8_t* Call::key(size_t index, const char* name, size_t length) {
  const Bytes found = bytes(index, name);
  if (ok_ && found.length != length) {
    throwRange(env_, "%s: expected %zu bytes, got %zu", name, length, found.length);
    ok_ = false;
  }
  return found.data;
}

Words Call::words(size_t index, const char* name) {
  Words words;
  if (!ok_) return words;
  bool isTyped = false;
  napi_typedarray_type type;
  void* data = nullptr;
  napi_is_typedarray(env_, arguments_[index], &isTyped);
  if (!isTyped ||
      napi_get_typedarray_info(env_, arguments_[index], &type, &words.length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_int32_array) {
    failType(name, "an Int32Array");
    return {};
  }
  words.data = static_cast<int32_t*>(data);
  return words;
}

Bytes Call::arrayBuffer(size_t index, const char* name) {
  Bytes bytes;
  if (!ok_) return bytes;
  bool isBuffer = false;
  napi_is_arraybuffer(env_, arguments_[index], &isBuffer);
  void* data = nullptr;
  if (!isBuffer || napi_get_arraybuffer_info(env_, arguments_[index], &data, &bytes.length) != napi_ok) {
    failType(name, "an ArrayBuffer");
    return {};
  }
  bytes.data = static_cast<uint8_t*>(data);
  return bytes;
}

napi_value Call::function(size_t index, const char* name) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env_, arguments_[index], &type);
  if (type != napi_function) failType(name, "a function");
  return arguments_[index];
}

napi_value Call::give(std::unique_ptr<Resource> resource) {
  const int32_t handle = environment_->handles.add(std::move(resource));
  if (handle < 0) return throwRange(env_, "too many open handles (%u)", HandleTable::kMaxEntries);
  return number(env_, handle);
}

Options::Options(Call& call, size_t index, const char* name) : call_(call) {
  napi_valuetype type = napi_undefined;
  napi_typeof(call.env(), call.value(index), &type);
  if (type != napi_object) {
    call.failType(name, "an object");
    return;
  }
  object_ = call.value(index);
}

bool Options::field(const char* field, napi_valuetype type, const char* expected, napi_value* out) {
  if (!call_.ok()) return false;
  napi_valuetype actual = napi_undefined;
  if (napi_get_named_property(call_.env(), object_, field, out) != napi_ok) {
    call_.abandon();
    return false;
  }
  napi_typeof(call_.env(), *out, &actual);
  if (actual == napi_undefined) return false;
  if (actual != type) call_.failType(field, expected);
  return actual == type;
}

void Options::text(const char* name, std::string* out, size_t maxLength) {
  napi_value value;
  if (!field(name, napi_string, "a string", &value)) return;
  size_t length = 0;
  napi_get_value_string_utf8(call_.env(), value, nullptr, 0, &length);
  if (length > maxLength) {
    call_.failType(name, "a shorter string");
    return;
  }
  out->resize(length);
  napi_get_value_string_utf8(call_.env(), value, out->data(), length + 1, &length);
  if (out->find('\0') != std::string::npos) call_.failType(name, "a string without NUL");
}

void Options::integer(const char* name, int64_t* out, int64_t low, int64_t high) {
  napi_value value;
  if (!field(name, napi_number, "a number", &value)) return;
  double number = 0;
  napi_get_value_double(call_.env(), value, &number);
  if (!(std::trunc(number) == number) || number < static_cast<double>(low) || number > static_cast<double>(high)) {
    char expected[64];
    snprintf(expected, sizeof expected, "an integer from %lld to %lld", static_cast<long long>(low),
             static_cast<long long>(high));
    call_.failType(name, expected);
    return;
  }
  *out = static_cast<int64_t>(number);
}

void Options::flag(const char* name, bool* out) {
  napi_value value;
  if (field(name, napi_boolean, "a boolean", &value)) napi_get_value_bool(call_.env(), value, out);
}

}  // namespace resip

// One call from JavaScript: fetches and checks the arguments. The first wrong one throws; after that every
// accessor answers with a harmless value, so a function reads all its arguments and asks `ok()` once.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <string>

#include "environment.h"
#include "errors.h"
#include "handles.h"

namespace resip {

struct Bytes {
  uint8_t* data = nullptr;
  size_t length = 0;
};

struct Words {
  int32_t* data = nullptr;
  size_t length = 0;
};

class Call {
 public:
  Call(napi_env env, napi_callback_info info);

  bool ok() const { return ok_; }
  Environment& environment() const { return *environment_; }
  napi_env env() const { return env_; }

  static constexpr size_t kMaxArguments = 8;
  // Arguments given, up to that.
  size_t count() const { return count_ < kMaxArguments ? count_ : kMaxArguments; }

  napi_value value(size_t index) const { return arguments_[index]; }
  // An integer in low … high.
  int64_t integer(size_t index, const char* name, int64_t low, int64_t high);
  // A boolean; `otherwise` where it was left out.
  bool flag(size_t index, const char* name, bool otherwise);
  Bytes bytes(size_t index, const char* name);
  // Exactly `length` bytes.
  const uint8_t* key(size_t index, const char* name, size_t length);
  Bytes arrayBuffer(size_t index, const char* name);
  Words words(size_t index, const char* name);
  napi_value function(size_t index, const char* name);

  // The open resource behind a handle; a wrong or closed handle throws.
  template <typename T>
  T* resource(size_t index, const char* name) {
    T* found = environment_->handles.find<T>(handle(index, name));
    if (found == nullptr) noSuchHandle(name);
    return found;
  }
  int32_t handle(size_t index, const char* name) {
    return static_cast<int32_t>(integer(index, name, 0, INT32_MAX));
  }

  // Hands a new resource to the handle table and returns its handle as a JavaScript number.
  napi_value give(std::unique_ptr<Resource> resource);
  // Destroys the resource behind argument `index`; a closed handle throws.
  template <typename T>
  void remove(size_t index, const char* name) {
    if (resource<T>(index, name) != nullptr && ok_) environment_->handles.remove(handle(index, name));
  }

  void failType(const char* name, const char* expected);
  void noSuchHandle(const char* name);
  // JavaScript code that ran on our behalf (a getter) threw; its exception stands.
  void abandon() { ok_ = false; }

 private:
  napi_env env_;
  Environment* environment_;
  size_t count_ = kMaxArguments;
  napi_value arguments_[kMaxArguments];
  bool ok_ = true;
};

// Fields of an options object. A missing or undefined field leaves `out` as it is.
class Options {
 public:
  Options(Call& call, size_t index, const char* name);
  void text(const char* field, std::string* out, size_t maxLength);
  void integer(const char* field, int64_t* out, int64_t low, int64_t high);
  void flag(const char* field, bool* out);

 private:
  bool field(const char* field, napi_valuetype type, const char* expected, napi_value* out);

  Call& call_;
  napi_value object_ = nullptr;
};

inline napi_value number(napi_env env, double value) {
  napi_value result;
  napi_create_double(env, value, &result);
  return result;
}

// Two counts in one JavaScript number, which saves an object per crossing: `high` * 2^32 + `low`.
inline napi_value pair(napi_env env, uint32_t high, uint32_t low) {
  return number(env, static_cast<double>(high) * 4294967296.0 + low);
}

}  // namespace resip

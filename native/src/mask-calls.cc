#include "mask-calls.h"

#include "batch.h"
#include "mask.h"

namespace resip {

// maskCreate(key): handle
napi_value maskCreate(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const uint8_t* key = call.key(0, "key", 32);
  if (!call.ok()) return nullptr;
  auto mask = Mask::make(call.environment().aes256Ecb, key);
  if (!mask) {
    napi_throw_error(env, nullptr, "OpenSSL refused AES-256-ECB");
    return nullptr;
  }
  return call.give(std::move(mask));
}

napi_value maskDestroy(napi_env env, napi_callback_info info) {
  Call call(env, info);
  call.remove<Mask>(0, "mask");
  return nullptr;
}

// unmask(mask, batch, from, count)
napi_value unmask(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Mask* mask = call.resource<Mask>(0, "mask");
  Batch* batch = call.resource<Batch>(1, "batch");
  if (!call.ok()) return nullptr;
  const auto from = static_cast<uint32_t>(call.integer(2, "from", 0, batch->capacity));
  const auto count = static_cast<uint32_t>(call.integer(3, "count", 0, batch->capacity));
  if (!call.ok()) return nullptr;
  for (uint32_t row = from; row < count; row++) {
    if (batch->verdict[row] == verdict::received && !batch->holds(row)) {
      return throwRange(env, "row %u: offset or length outside the arena", row);
    }
  }
  unmaskRows(*mask, *batch, from, count);
  return nullptr;
}

}  // namespace resip

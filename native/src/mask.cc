#include "mask.h"

#include "datagram.h"

namespace resip {

std::unique_ptr<Mask> Mask::make(const EVP_CIPHER* cipher, const uint8_t* key) {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  if (context == nullptr || EVP_EncryptInit_ex(context, cipher, nullptr, key, nullptr) != 1) {
    EVP_CIPHER_CTX_free(context);
    return nullptr;
  }
  EVP_CIPHER_CTX_set_padding(context, 0);
  return std::make_unique<Mask>(context);
}

void MaskRun::flush() {
  if (count_ == 0) return;
  int written = 0;
  EVP_EncryptUpdate(mask_.context, samples_, &written, samples_, static_cast<int>(count_ * kTagBytes));
  for (size_t i = 0; i < count_; i++) {
    const uint8_t* block = samples_ + i * kTagBytes;
    for (size_t byte = 0; byte < kDatagramHeaderBytes; byte++) headers_[i][byte] ^= block[byte];
  }
  count_ = 0;
}

void unmaskRows(Mask& mask, Batch& batch, uint32_t from, uint32_t count) {
  MaskRun run(mask);
  for (uint32_t row = from; row < count; row++) {
    if (batch.verdict[row] != verdict::received) continue;
    if (static_cast<size_t>(batch.length[row]) < kShortestDatagramBytes) {
      batch.verdict[row] = verdict::drop;
    } else {
      run.add(batch.bytes(row), static_cast<size_t>(batch.length[row]));
    }
  }
  run.flush();
  for (uint32_t row = from; row < count; row++) {
    if (batch.verdict[row] != verdict::received) continue;
    const uint8_t* header = batch.bytes(row);
    batch.type[row] = datagramType(header);
    batch.sessionId[row] = datagramSession(header);
    batch.packetNumber[row] = static_cast<double>(datagramNumber(header));
  }
}

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

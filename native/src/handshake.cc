#include "handshake.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>

#include "call.h"

namespace resip {

namespace {

constexpr size_t kPointBytes = 32;
constexpr size_t kHashBytes = 64;

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free>;

// A key that can only derive: with a public half of any bytes OpenSSL saves itself the multiplication that makes it,
// nearly half of the work.
Key derivingKey(const uint8_t* privateKey) {
  uint8_t unused[kPointBytes] = {9};
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, const_cast<uint8_t*>(privateKey), kPointBytes),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, unused, kPointBytes),
      OSSL_PARAM_construct_end(),
  };
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "X25519", nullptr));
  EVP_PKEY* key = nullptr;
  if (context && EVP_PKEY_fromdata_init(context.get()) == 1) {
    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params);
  }
  return Key(key);
}

napi_value failed(napi_env env, const char* what) {
  ERR_clear_error();
  napi_throw_error(env, nullptr, what);
  return nullptr;
}

uint8_t* output(Call& call, size_t index, size_t length) {
  return const_cast<uint8_t*>(call.key(index, "out", length));
}

}  // namespace

// x25519(privateKey, publicKey, out): false = `publicKey` is of low order
napi_value x25519(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const uint8_t* own = call.key(0, "privateKey", kPointBytes);
  const uint8_t* peer = call.key(1, "publicKey", kPointBytes);
  uint8_t* out = output(call, 2, kPointBytes);
  if (!call.ok()) return nullptr;
  const Key ownKey = derivingKey(own);
  const Key peerKey(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, peer, kPointBytes));
  const KeyContext context(ownKey ? EVP_PKEY_CTX_new(ownKey.get(), nullptr) : nullptr);
  if (!peerKey || !context || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer_ex(context.get(), peerKey.get(), 0) != 1) {
    return failed(env, "OpenSSL refused X25519");
  }
  size_t length = kPointBytes;
  // OpenSSL itself refuses a result of zeros (RFC 7748 §6.1).
  const bool isDerived = EVP_PKEY_derive(context.get(), out, &length) == 1;
  if (!isDerived) ERR_clear_error();
  napi_value result;
  napi_get_boolean(env, isDerived, &result);
  return result;
}

// x25519PublicKey(privateKey, out)
napi_value x25519PublicKey(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const uint8_t* own = call.key(0, "privateKey", kPointBytes);
  uint8_t* out = output(call, 1, kPointBytes);
  if (!call.ok()) return nullptr;
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, own, kPointBytes));
  size_t length = kPointBytes;
  const bool isMade = key && EVP_PKEY_get_raw_public_key(key.get(), out, &length) == 1;
  return isMade ? nullptr : failed(env, "OpenSSL refused X25519");
}

// blake2b512(out, …parts): unkeyed, 64 bytes
napi_value blake2b512(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uint8_t* out = output(call, 0, kHashBytes);
  Bytes parts[Call::kMaxArguments];
  for (size_t i = 1; i < call.count(); i++) parts[i] = call.bytes(i, "part");
  if (!call.ok()) return nullptr;
  EVP_MD_CTX* context = call.environment().blake2bContext;
  bool isDone = EVP_DigestInit_ex(context, call.environment().blake2b512, nullptr) == 1;
  for (size_t i = 1; isDone && i < call.count(); i++) {
    isDone = EVP_DigestUpdate(context, parts[i].data, parts[i].length) == 1;
  }
  isDone = isDone && EVP_DigestFinal_ex(context, out, nullptr) == 1;
  return isDone ? nullptr : failed(env, "OpenSSL refused BLAKE2b");
}

}  // namespace resip

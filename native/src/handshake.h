// What a handshake spends its time with, over OpenSSL: X25519 (RFC 7748) and BLAKE2b (RFC 7693), a few times as fast as
// in WebAssembly.
#pragma once

#include <node_api.h>

namespace resip {

napi_value x25519(napi_env env, napi_callback_info info);
napi_value x25519PublicKey(napi_env env, napi_callback_info info);
napi_value blake2b512(napi_env env, napi_callback_info info);

}  // namespace resip

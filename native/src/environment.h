// Everything the addon keeps for one Node environment: the main thread or one worker. Nothing is shared between them.
#pragma once

#include <node_api.h>
#include <openssl/evp.h>
#include <uv.h>

#include <memory>

#include "handles.h"

namespace resip {

struct SendQueue;
struct ReceiveScratch;

struct Environment {
  explicit Environment(napi_env env);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  static Environment* of(napi_env env);

  // Creates the environment's state and ties it to the environment's end. Null: JavaScript has an exception pending.
  static Environment* attach(napi_env env);

  // Called by the last poll handle that closes after the environment has begun to end.
  void watchClosed();

  napi_env env;
  uv_loop_t* loop = nullptr;
  HandleTable handles;

  // Fetched once: the implicit fetch behind EVP_aes_256_gcm() costs more than sealing a packet.
  EVP_CIPHER* aes256Gcm = nullptr;
  EVP_CIPHER* chaCha20Poly1305 = nullptr;
  EVP_CIPHER* aes256Ecb = nullptr;
  EVP_MD* blake2b512 = nullptr;
  EVP_MD_CTX* blake2bContext = nullptr;

  // Room for system call arguments, made on first use.
  std::unique_ptr<SendQueue> sendQueue;
  std::unique_ptr<ReceiveScratch> receiveScratch;

  // Poll handles that libuv still knows, closing ones included.
  int openWatches = 0;

 private:
  static void end(napi_async_cleanup_hook_handle hook, void* self);
  napi_async_cleanup_hook_handle endHook_ = nullptr;
  bool ending_ = false;
};

}  // namespace resip

#include "environment.h"

#include "errors.h"
#include "received.h"
#include "udp.h"
#include "watch.h"

namespace resip {

Environment::Environment(napi_env env) : env(env) {
  napi_get_uv_event_loop(env, &loop);
  aes256Gcm = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  chaCha20Poly1305 = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
  aes256Ecb = EVP_CIPHER_fetch(nullptr, "AES-256-ECB", nullptr);
  blake2b512 = EVP_MD_fetch(nullptr, "BLAKE2B-512", nullptr);
  blake2bContext = EVP_MD_CTX_new();
}

Environment::~Environment() {
  handles.clear();
  EVP_CIPHER_free(aes256Gcm);
  EVP_CIPHER_free(chaCha20Poly1305);
  EVP_CIPHER_free(aes256Ecb);
  EVP_MD_CTX_free(blake2bContext);
  EVP_MD_free(blake2b512);
}

Environment* Environment::of(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return static_cast<Environment*>(data);
}

Environment* Environment::attach(napi_env env) {
  auto state = std::make_unique<Environment>(env);
  if (state->aes256Gcm == nullptr || state->chaCha20Poly1305 == nullptr || state->aes256Ecb == nullptr ||
      state->blake2b512 == nullptr) {
    napi_throw_error(env, nullptr,
                     "this Node.js lacks AES-256-GCM, ChaCha20-Poly1305, AES-256-ECB or BLAKE2b (OpenSSL)");
    return nullptr;
  }
  // No finalizer: poll handles outlive the JavaScript side by one turn of the loop, and they need this object.
  napi_set_instance_data(env, state.get(), nullptr, nullptr);
  napi_add_async_cleanup_hook(env, end, state.get(), &state->endHook_);
  return state.release();
}

// A poll handle that is open when its loop ends crashes Node. The hook is asynchronous, because Node then
// keeps the loop turning until libuv has really let go of them.
void Environment::end(napi_async_cleanup_hook_handle, void* self) {
  auto* state = static_cast<Environment*>(self);
  state->ending_ = true;
  state->openWatches++;  // so that none that closes in between finishes early
  state->handles.each([](Resource* resource) {
    if (isWatchable(resource)) stopWatch(static_cast<Descriptor*>(resource));
  });
  state->handles.clear();
  state->watchClosed();
}

void Environment::watchClosed() {
  openWatches--;
  if (!ending_ || openWatches > 0) return;
  napi_async_cleanup_hook_handle hook = endHook_;
  delete this;
  napi_remove_async_cleanup_hook(hook);
}

}  // namespace resip

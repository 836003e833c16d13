#include "watch.h"

#include <sys/socket.h>
#include <uv.h>

namespace resip {

struct Watch {
  uv_poll_t poll;
  Environment* environment;
  Descriptor* descriptor;
  napi_ref callback = nullptr;
  napi_async_context context = nullptr;
  bool isCalling = false;
  bool isClosing = false;
  bool wakesAgain = false;
};

namespace {

void onReadable(uv_poll_t* poll, int status, int events);

void start(Watch* watch) {
  // Those that are woken (TUN devices) are always writable, so that asking for it is a wake-up for the next turn.
  uv_poll_start(&watch->poll, UV_READABLE | (watch->wakesAgain ? UV_WRITABLE : 0), onReadable);
}

void releaseCallback(Watch* watch) {
  napi_env env = watch->environment->env;
  napi_delete_reference(env, watch->callback);
  napi_async_destroy(env, watch->context);
}

void onClosed(uv_handle_t* handle) {
  auto* watch = static_cast<Watch*>(handle->data);
  Environment* environment = watch->environment;
  delete watch;
  environment->watchClosed();
}

void callBack(Watch* watch) {
  napi_env env = watch->environment->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value callback;
  napi_value global;
  napi_get_reference_value(env, watch->callback, &callback);
  napi_get_global(env, &global);
  const napi_status status = napi_make_callback(env, watch->context, global, callback, 0, nullptr, nullptr);
  if (status == napi_pending_exception) {
    napi_value error;
    napi_get_and_clear_last_exception(env, &error);
    napi_fatal_exception(env, error);  // 'uncaughtException', as if thrown from a timer
  }
  napi_close_handle_scope(env, scope);
}

// libuv stops a poll handle for good when the descriptor has an error. On a socket that is a pending ICMP error, say:
// taking it out and starting again is right. A TUN device that says so was deleted, and would say so for ever; the
// callback's read tells.
void restartAfterError(Watch* watch) {
  if (watch->descriptor->kind == Kind::tun) return;
  int pending = 0;
  socklen_t size = sizeof pending;
  getsockopt(watch->descriptor->fd, SOL_SOCKET, SO_ERROR, &pending, &size);
  start(watch);
}

void onReadable(uv_poll_t* poll, int status, int) {
  auto* watch = static_cast<Watch*>(poll->data);
  if (status < 0) {
    restartAfterError(watch);
  } else if (watch->wakesAgain) {
    watch->wakesAgain = false;
    start(watch);
  }
  watch->isCalling = true;
  callBack(watch);
  watch->isCalling = false;
  if (watch->isClosing) releaseCallback(watch);
}

}  // namespace

bool isWatchable(const Resource* resource) {
  if (resource == nullptr) return false;
  return resource->kind == Kind::tun || resource->kind == Kind::udp || resource->kind == Kind::packetLog;
}

void stopWatch(Descriptor* descriptor) {
  Watch* watch = descriptor->watch;
  if (watch == nullptr) return;
  descriptor->watch = nullptr;
  watch->isClosing = true;
  // Inside its own callback the context is still in use.
  if (!watch->isCalling) releaseCallback(watch);
  uv_close(reinterpret_cast<uv_handle_t*>(&watch->poll), onClosed);
}

void wakeAgain(Descriptor* descriptor) {
  Watch* watch = descriptor->watch;
  if (watch == nullptr || watch->wakesAgain) return;
  watch->wakesAgain = true;
  start(watch);
}

// watch(handle, callback)
napi_value watch(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Resource* resource = call.environment().handles.find(call.handle(0, "handle"));
  if (call.ok() && !isWatchable(resource)) call.noSuchHandle("handle");
  const napi_value callback = call.function(1, "callback");
  if (!call.ok()) return nullptr;
  auto* descriptor = static_cast<Descriptor*>(resource);
  if (descriptor->watch != nullptr) return throwType(env, "handle: is watched already");

  Environment& environment = call.environment();
  auto watch = std::make_unique<Watch>();
  watch->environment = &environment;
  watch->descriptor = descriptor;
  const int error = uv_poll_init(environment.loop, &watch->poll, descriptor->fd);
  if (error != 0) return throwSystem(env, "uv_poll_init", -error);
  watch->poll.data = watch.get();
  napi_create_reference(env, callback, 1, &watch->callback);
  napi_value name;
  napi_create_string_utf8(env, "resip:watch", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, nullptr, name, &watch->context);
  environment.openWatches++;
  start(watch.get());
  descriptor->watch = watch.release();
  return nullptr;
}

// unwatch(handle): harmless where nobody watches
napi_value unwatch(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Resource* resource = call.environment().handles.find(call.handle(0, "handle"));
  if (call.ok() && !isWatchable(resource)) call.noSuchHandle("handle");
  if (!call.ok()) return nullptr;
  stopWatch(static_cast<Descriptor*>(resource));
  return nullptr;
}

}  // namespace resip

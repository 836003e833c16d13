// Sends whole IP packets as if somebody of this machine had sent them.
#pragma once

#include <node_api.h>

#include "watch.h"

namespace resip {

struct RawSocket : Descriptor {
  static constexpr Kind kKind = Kind::rawSocket;
  RawSocket(int fd, int family) : Descriptor(kKind, fd), family(family) {}

  const int family;
};

napi_value rawOpen(napi_env env, napi_callback_info info);
napi_value rawSend(napi_env env, napi_callback_info info);
napi_value rawClose(napi_env env, napi_callback_info info);

}  // namespace resip

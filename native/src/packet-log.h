// Heads of packets that a firewall rule logs (`log group`, nfnetlink_log).
#pragma once

#include <node_api.h>

#include "watch.h"

namespace resip {

struct PacketLog : Descriptor {
  static constexpr Kind kKind = Kind::packetLog;
  explicit PacketLog(int fd) : Descriptor(kKind, fd) {}
};

napi_value packetLogOpen(napi_env env, napi_callback_info info);
napi_value packetLogRead(napi_env env, napi_callback_info info);
napi_value packetLogClose(napi_env env, napi_callback_info info);

}  // namespace resip

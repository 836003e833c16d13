// A TUN or TAP device.
#pragma once

#include <net/if.h>

#include <memory>

#include "batch.h"
#include "coalesce.h"
#include "split.h"
#include "watch.h"

namespace resip {

struct Tun : Descriptor {
  static constexpr Kind kKind = Kind::tun;
  explicit Tun(int fd) : Descriptor(kKind, fd) {}

  char name[IFNAMSIZ] = "";
  bool isTap = false;
  bool hasVnetHeader = false;
  // What the kernel hands over joined, and takes joined (switched off when it refuses).
  Offloads offloads;

  // One packet of the kernel with its virtio header. A super-packet that did not fit the batch stays here until
  // the next read; `nextSegment` < `pending.segments` then.
  std::unique_ptr<uint8_t[]> frame;
  SplitPlan pending = {};
  uint32_t nextSegment = 0;
  // Packets from the kernel that could not be split.
  uint32_t refused = 0;

  Run run;

  bool hasPending() const { return nextSegment < pending.segments; }
};

napi_value tunOpen(napi_env env, napi_callback_info info);
napi_value tunRead(napi_env env, napi_callback_info info);
napi_value tunWrite(napi_env env, napi_callback_info info);
napi_value tunRefused(napi_env env, napi_callback_info info);
napi_value tunClose(napi_env env, napi_callback_info info);

}  // namespace resip

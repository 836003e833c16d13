#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstring>

#include "tun.h"

// Newer than some build machines' headers (Linux 6.2).
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

namespace resip {

namespace {

constexpr size_t kFrameBytes = sizeof(VnetHeader) + kMaxPacketBytes + 1;

bool configure(int fd, const std::string& name, short flags, ifreq* request) {
  memset(request, 0, sizeof *request);
  request->ifr_flags = flags;
  memcpy(request->ifr_name, name.data(), name.size());
  return ioctl(fd, TUNSETIFF, request) == 0;
}

// Asks for as much as the kernel has.
Offloads setOffloads(int fd) {
  const unsigned tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
  if (ioctl(fd, TUNSETOFFLOAD, tcp | TUN_F_USO4 | TUN_F_USO6) == 0) return {true, true};
  if (ioctl(fd, TUNSETOFFLOAD, tcp) == 0) return {true, false};
  return {false, false};
}

napi_value describe(napi_env env, const Tun& tun, napi_value handle) {
  napi_value info;
  napi_create_object(env, &info);
  const auto flag = [env, info](const char* name, bool value) {
    napi_value boolean;
    napi_get_boolean(env, value, &boolean);
    napi_set_named_property(env, info, name, boolean);
  };
  napi_value name;
  napi_create_string_utf8(env, tun.name, NAPI_AUTO_LENGTH, &name);
  napi_set_named_property(env, info, "handle", handle);
  napi_set_named_property(env, info, "name", name);
  flag("vnetHeader", tun.hasVnetHeader);
  flag("tso", tun.offloads.tcp);
  flag("uso", tun.offloads.udp);
  return info;
}

}  // namespace

// tunOpen({ name, tap?, offload? }): TunInfo
napi_value tunOpen(napi_env env, napi_callback_info info) {
  Call call(env, info);
  std::string name;
  bool tap = false;
  bool offload = true;
  Options options(call, 0, "options");
  options.text("name", &name, IFNAMSIZ - 1);
  options.flag("tap", &tap);
  options.flag("offload", &offload);
  if (call.ok() && name.empty()) call.failType("name", "an interface name such as tun0 or tun%d");
  if (!call.ok()) return nullptr;

  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return throwSystem(env, "open", errno, "/dev/net/tun");
  auto tun = std::make_unique<Tun>(fd);
  tun->isTap = tap;
  tun->hasVnetHeader = offload && !tap;
  const short kind = tap ? IFF_TAP : IFF_TUN;
  ifreq request;
  if (!configure(fd, name, kind | IFF_NO_PI | (tun->hasVnetHeader ? IFF_VNET_HDR : 0), &request)) {
    return throwSystem(env, "ioctl(TUNSETIFF)", errno, name.c_str());
  }
  if (tun->hasVnetHeader) tun->offloads = setOffloads(fd);
  memcpy(tun->name, request.ifr_name, sizeof tun->name);
  tun->frame = std::make_unique<uint8_t[]>(kFrameBytes);
  Tun& opened = *tun;
  const napi_value handle = call.give(std::move(tun));
  return handle == nullptr ? nullptr : describe(env, opened, handle);
}

// tunRefused(tun): number
napi_value tunRefused(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const Tun* tun = call.resource<Tun>(0, "tun");
  return call.ok() ? number(env, tun->refused) : nullptr;
}

napi_value tunClose(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Tun* tun = call.resource<Tun>(0, "tun");
  if (!call.ok()) return nullptr;
  stopWatch(tun);
  call.remove<Tun>(0, "tun");
  return nullptr;
}

}  // namespace resip

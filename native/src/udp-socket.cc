#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <unistd.h>

#include <cstring>

#include "udp.h"

namespace resip {

namespace {

constexpr int64_t kDefaultBufferBytes = 8 << 20;
constexpr int64_t kMaxBufferBytes = 1 << 30;

struct UdpOptions {
  int64_t family = 0;
  std::string address;
  int64_t port = 0;
  bool dualStack = false;
  std::string interfaceName;
  int64_t mark = 0;
  int64_t bufferBytes = kDefaultBufferBytes;
  bool offload = true;
};

bool set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

// The forced form may go beyond net.core.?mem_max, but wants CAP_NET_ADMIN.
void setBuffers(int fd, int bytes) {
  if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes)) set(fd, SOL_SOCKET, SO_RCVBUF, bytes);
  if (!set(fd, SOL_SOCKET, SO_SNDBUFFORCE, bytes)) set(fd, SOL_SOCKET, SO_SNDBUF, bytes);
}

// Don't-fragment with the kernel's path MTU ignored: the core does its own discovery, and a forged ICMP message must
// not shrink a path. On a dual-stack socket the IPv4 options stand for mapped addresses.
void setPathMtu(int fd, const UdpOptions& options) {
  if (options.family == 6) set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
  if (options.family == 4 || options.dualStack) set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
}

bool localAddress(const UdpOptions& options, Endpoint* local) {
  local->remote = {};
  const auto port = htons(static_cast<uint16_t>(options.port));
  if (options.family == 4) {
    local->remote.v4.sin_family = AF_INET;
    local->remote.v4.sin_port = port;
    local->remoteBytes = sizeof local->remote.v4;
    return options.address.empty() ||
           inet_pton(AF_INET, options.address.c_str(), &local->remote.v4.sin_addr) == 1;
  }
  local->remote.v6.sin6_family = AF_INET6;
  local->remote.v6.sin6_port = port;
  local->remoteBytes = sizeof local->remote.v6;
  if (!options.address.empty() &&
      inet_pton(AF_INET6, options.address.c_str(), &local->remote.v6.sin6_addr) != 1) {
    return false;
  }
  if (IN6_IS_ADDR_LINKLOCAL(&local->remote.v6.sin6_addr)) {
    local->remote.v6.sin6_scope_id = if_nametoindex(options.interfaceName.c_str());
  }
  return true;
}

// Sets everything up; returns the name of the call that failed, with errno, or null.
const char* configure(Udp& udp, const UdpOptions& options, const Endpoint& local) {
  const int fd = udp.fd;
  if (options.family == 6 && !set(fd, IPPROTO_IPV6, IPV6_V6ONLY, options.dualStack ? 0 : 1)) {
    return "setsockopt(IPV6_V6ONLY)";
  }
  if (!options.interfaceName.empty() && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options.interfaceName.data(),
                                                   static_cast<socklen_t>(options.interfaceName.size())) != 0) {
    return "setsockopt(SO_BINDTODEVICE)";
  }
  if (options.mark != 0 && setsockopt(fd, SOL_SOCKET, SO_MARK, &options.mark, sizeof(uint32_t)) != 0) {
    return "setsockopt(SO_MARK)";
  }
  setBuffers(fd, static_cast<int>(options.bufferBytes));
  setPathMtu(fd, options);
  const bool tellsLocal = options.family == 4 ? set(fd, IPPROTO_IP, IP_PKTINFO, 1)
                                              : set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  if (!tellsLocal) return "setsockopt(IP_PKTINFO)";
  if (options.offload) {
    udp.gro = set(fd, IPPROTO_UDP, UDP_GRO, 1);
    udp.segmentation = set(fd, IPPROTO_UDP, UDP_SEGMENT, 0);  // a probe: 0 changes nothing
  }
  if (bind(fd, &local.remote.any, local.remoteBytes) != 0) return "bind";
  return nullptr;
}

napi_value describe(napi_env env, const Udp& udp, napi_value handle) {
  SocketAddress bound = {};
  socklen_t size = sizeof bound;
  getsockname(udp.fd, &bound.any, &size);
  const uint16_t port = ntohs(udp.family == AF_INET ? bound.v4.sin_port : bound.v6.sin6_port);
  napi_value info;
  napi_value segmentation;
  napi_value gro;
  napi_create_object(env, &info);
  napi_get_boolean(env, udp.segmentation, &segmentation);
  napi_get_boolean(env, udp.gro, &gro);
  napi_set_named_property(env, info, "handle", handle);
  napi_set_named_property(env, info, "port", number(env, port));
  napi_set_named_property(env, info, "segmentation", segmentation);
  napi_set_named_property(env, info, "gro", gro);
  return info;
}

}  // namespace

// udpOpen(options): UdpInfo
napi_value udpOpen(napi_env env, napi_callback_info info) {
  Call call(env, info);
  UdpOptions options;
  Options given(call, 0, "options");
  given.integer("family", &options.family, 4, 6);
  given.text("address", &options.address, INET6_ADDRSTRLEN);
  given.integer("port", &options.port, 0, 65535);
  given.flag("dualStack", &options.dualStack);
  given.text("interfaceName", &options.interfaceName, IFNAMSIZ - 1);
  given.integer("mark", &options.mark, 0, UINT32_MAX);
  given.integer("bufferBytes", &options.bufferBytes, 1, kMaxBufferBytes);
  given.flag("offload", &options.offload);
  if (call.ok() && options.family != 4 && options.family != 6) call.failType("family", "4 or 6");
  Endpoint local;
  if (call.ok() && !localAddress(options, &local)) call.failType("address", "an address of the family");
  if (!call.ok()) return nullptr;

  const int family = options.family == 4 ? AF_INET : AF_INET6;
  const int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return throwSystem(env, "socket", errno);
  auto udp = std::make_unique<Udp>(fd, family);
  const char* failed = configure(*udp, options, local);
  if (failed != nullptr) {
    char subject[128];
    const char* address = options.address.empty() ? "*" : options.address.c_str();
    const bool isBind = strcmp(failed, "bind") == 0;
    snprintf(subject, sizeof subject, isBind ? "%s port %d" : "%s", isBind ? address : options.interfaceName.c_str(),
             static_cast<int>(options.port));
    return throwSystem(env, failed, errno, subject);
  }
  const Udp& opened = *udp;
  const napi_value handle = call.give(std::move(udp));
  return handle == nullptr ? nullptr : describe(env, opened, handle);
}

// udpDescriptor(options): a descriptor
napi_value udpDescriptor(napi_env env, napi_callback_info info) {
  Call call(env, info);
  UdpOptions options;
  Options given(call, 0, "options");
  given.integer("family", &options.family, 4, 6);
  given.text("interfaceName", &options.interfaceName, IFNAMSIZ - 1);
  given.integer("mark", &options.mark, 0, UINT32_MAX);
  if (call.ok() && options.family != 4 && options.family != 6) call.failType("family", "4 or 6");
  if (!call.ok()) return nullptr;
  options.offload = false;
  Endpoint any;
  localAddress(options, &any);

  const int family = options.family == 4 ? AF_INET : AF_INET6;
  const int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return throwSystem(env, "socket", errno);
  Udp udp(fd, family);
  const char* failed = configure(udp, options, any);
  if (failed != nullptr) return throwSystem(env, failed, errno, options.interfaceName.c_str());
  // The first one is closed with `udp`.
  const int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return duplicate < 0 ? throwSystem(env, "dup", errno) : number(env, duplicate);
}

// udpError(socket): errno
napi_value udpError(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const Udp* udp = call.resource<Udp>(0, "socket");
  if (!call.ok()) return nullptr;
  int pending = 0;
  socklen_t size = sizeof pending;
  if (getsockopt(udp->fd, SOL_SOCKET, SO_ERROR, &pending, &size) != 0) pending = errno;
  return number(env, pending);
}

napi_value udpClose(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Udp* udp = call.resource<Udp>(0, "socket");
  if (!call.ok()) return nullptr;
  stopWatch(udp);
  call.remove<Udp>(0, "socket");
  return nullptr;
}

}  // namespace resip

#include "raw-socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "socket-address.h"

// netinet/in.h has it from glibc 2.35 on.
#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL 36
#endif

namespace resip {

namespace {

constexpr size_t kIpv4HeaderBytes = 20;
constexpr size_t kIpv4DestinationAt = 16;
constexpr size_t kIpv6HeaderBytes = 40;
constexpr size_t kIpv6DestinationAt = 24;

// Where the packet says that it goes; false when it has no header of the family.
bool destination(const Bytes& packet, int family, SocketAddress* to, socklen_t* bytes) {
  const size_t headerBytes = family == AF_INET ? kIpv4HeaderBytes : kIpv6HeaderBytes;
  if (packet.length < headerBytes || packet.data[0] >> 4 != (family == AF_INET ? 4 : 6)) return false;
  *to = {};
  if (family == AF_INET) {
    to->v4.sin_family = AF_INET;
    memcpy(&to->v4.sin_addr, packet.data + kIpv4DestinationAt, sizeof to->v4.sin_addr);
    *bytes = sizeof to->v4;
  } else {
    to->v6.sin6_family = AF_INET6;
    memcpy(&to->v6.sin6_addr, packet.data + kIpv6DestinationAt, sizeof to->v6.sin6_addr);
    *bytes = sizeof to->v6;
  }
  return true;
}

}  // namespace

// rawOpen(family): handle
napi_value rawOpen(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int64_t version = call.integer(0, "family", 4, 6);
  if (call.ok() && version == 5) call.failType("family", "4 or 6");
  if (!call.ok()) return nullptr;
  const int family = version == 4 ? AF_INET : AF_INET6;
  // IPPROTO_RAW: the header is ours, and nothing is received.
  const int fd = socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_RAW);
  if (fd < 0) return throwSystem(env, "socket", errno);
  auto raw = std::make_unique<RawSocket>(fd, family);
  const int included = 1;
  if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_HDRINCL, &included, sizeof included) != 0) {
    return throwSystem(env, "setsockopt(IPV6_HDRINCL)", errno);
  }
  return call.give(std::move(raw));
}

// rawSend(socket, packet, mark): errno
napi_value rawSend(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const RawSocket* raw = call.resource<RawSocket>(0, "socket");
  const Bytes packet = call.bytes(1, "packet");
  const auto mark = static_cast<uint32_t>(call.integer(2, "mark", 0, UINT32_MAX));
  if (!call.ok()) return nullptr;
  SocketAddress to;
  socklen_t toBytes;
  if (!destination(packet, raw->family, &to, &toBytes)) return throwRange(env, "packet: no IP packet of the family");
  if (setsockopt(raw->fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) != 0) return number(env, errno);
  const ssize_t sent = sendto(raw->fd, packet.data, packet.length, 0, &to.any, toBytes);
  return number(env, sent < 0 ? errno : 0);
}

napi_value rawClose(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (call.resource<RawSocket>(0, "socket") == nullptr || !call.ok()) return nullptr;
  call.remove<RawSocket>(0, "socket");
  return nullptr;
}

}  // namespace resip

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "call.h"
#include "socket-address.h"
#include "transparent-socket.h"

// Before glibc 2.18; linux/in6.h has it, and cannot stand beside netinet/in.h everywhere.
#ifndef IPV6_TRANSPARENT
#define IPV6_TRANSPARENT 75
#endif

namespace resip {

namespace {

bool set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

// A loopback port of the system's choice: nobody else reaches it. Returns the call that failed, with errno, or null.
const char* configure(int fd, int family) {
  SocketAddress loopback = {};
  socklen_t bytes = sizeof loopback.v4;
  if (family == 4) {
    loopback.v4.sin_family = AF_INET;
    loopback.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!set(fd, IPPROTO_IP, IP_TRANSPARENT, 1)) return "setsockopt(IP_TRANSPARENT)";
  } else {
    loopback.v6.sin6_family = AF_INET6;
    loopback.v6.sin6_addr = in6addr_loopback;
    bytes = sizeof loopback.v6;
    if (!set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) return "setsockopt(IPV6_V6ONLY)";
    if (!set(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1)) return "setsockopt(IPV6_TRANSPARENT)";
  }
  return bind(fd, &loopback.any, bytes) == 0 ? nullptr : "bind";
}

}  // namespace

// transparentDescriptor(options): a descriptor
napi_value transparentDescriptor(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int64_t family = 0;
  Options given(call, 0, "options");
  given.integer("family", &family, 4, 6);
  if (call.ok() && family != 4 && family != 6) call.failType("family", "4 or 6");
  if (!call.ok()) return nullptr;

  const int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return throwSystem(env, "socket", errno);
  const char* failed = configure(fd, static_cast<int>(family));
  if (failed == nullptr) return number(env, fd);
  const int reason = errno;
  close(fd);
  return throwSystem(env, failed, reason);
}

}  // namespace resip

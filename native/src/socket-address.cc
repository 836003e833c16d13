#include "socket-address.h"

namespace resip {

namespace {

constexpr uint32_t kMappedWord = 0x0000ffff;

constexpr int kFamilyPort = 0;
constexpr int kRemote = 1;
constexpr int kLocal = 5;
constexpr int kInterface = 9;

int32_t wordOf(uint32_t networkOrder) {
  return static_cast<int32_t>(ntohl(networkOrder));
}

void toIpv6(const int32_t* words, bool isIpv4, in6_addr* address) {
  uint32_t out[4];
  if (isIpv4) {
    out[0] = 0;
    out[1] = 0;
    out[2] = htonl(kMappedWord);
    out[3] = htonl(static_cast<uint32_t>(words[0]));
  } else {
    for (int i = 0; i < 4; i++) out[i] = htonl(static_cast<uint32_t>(words[i]));
  }
  memcpy(address, out, sizeof out);
}

// Returns the family: mapped addresses come out as IPv4.
int fromIpv6(const in6_addr& address, int32_t* words) {
  uint32_t in[4];
  memcpy(in, &address, sizeof in);
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    words[0] = wordOf(in[3]);
    words[1] = words[2] = words[3] = 0;
    return 4;
  }
  for (int i = 0; i < 4; i++) words[i] = wordOf(in[i]);
  return 6;
}

}  // namespace

bool remoteFromWords(const int32_t* words, int family, Endpoint* endpoint) {
  const auto head = static_cast<uint32_t>(words[kFamilyPort]);
  const uint32_t version = head >> 16;
  const auto port = htons(static_cast<uint16_t>(head & 0xffff));
  if ((version != 4 && version != 6) || (version == 6 && family == AF_INET) || port == 0) return false;
  endpoint->remote = {};
  if (family == AF_INET) {
    sockaddr_in& address = endpoint->remote.v4;
    address.sin_family = AF_INET;
    address.sin_port = port;
    address.sin_addr.s_addr = htonl(static_cast<uint32_t>(words[kRemote]));
    endpoint->remoteBytes = sizeof address;
  } else {
    sockaddr_in6& address = endpoint->remote.v6;
    address.sin6_family = AF_INET6;
    address.sin6_port = port;
    toIpv6(words + kRemote, version == 4, &address.sin6_addr);
    if (IN6_IS_ADDR_LINKLOCAL(&address.sin6_addr)) {
      address.sin6_scope_id = static_cast<uint32_t>(words[kInterface]);
    }
    endpoint->remoteBytes = sizeof address;
  }
  return true;
}

bool hasLocal(const int32_t* words) {
  int32_t any = 0;
  for (int i = kLocal; i <= kInterface; i++) any |= words[i];
  return any != 0;
}

void clearLocal(int32_t* words) {
  for (int i = kLocal; i <= kInterface; i++) words[i] = 0;
}

size_t putLocal(const int32_t* words, int family, cmsghdr* control) {
  const bool isIpv4 = static_cast<uint32_t>(words[kFamilyPort]) >> 16 == 4;
  if (family == AF_INET) {
    in_pktinfo info = {};
    info.ipi_spec_dst.s_addr = htonl(static_cast<uint32_t>(words[kLocal]));
    info.ipi_ifindex = words[kInterface];
    control->cmsg_level = IPPROTO_IP;
    control->cmsg_type = IP_PKTINFO;
    control->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(control), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
  }
  in6_pktinfo info = {};
  toIpv6(words + kLocal, isIpv4, &info.ipi6_addr);
  info.ipi6_ifindex = static_cast<uint32_t>(words[kInterface]);
  control->cmsg_level = IPPROTO_IPV6;
  control->cmsg_type = IPV6_PKTINFO;
  control->cmsg_len = CMSG_LEN(sizeof info);
  memcpy(CMSG_DATA(control), &info, sizeof info);
  return CMSG_SPACE(sizeof info);
}

void wordsFromRemote(const SocketAddress& remote, int32_t* words) {
  memset(words, 0, sizeof(int32_t) * kAddressWords);
  uint32_t version = 4;
  uint32_t port = 0;
  if (remote.any.sa_family == AF_INET) {
    words[kRemote] = wordOf(remote.v4.sin_addr.s_addr);
    port = ntohs(remote.v4.sin_port);
  } else if (remote.any.sa_family == AF_INET6) {
    version = static_cast<uint32_t>(fromIpv6(remote.v6.sin6_addr, words + kRemote));
    port = ntohs(remote.v6.sin6_port);
  }
  words[kFamilyPort] = static_cast<int32_t>(version << 16 | port);
}

void wordsFromControl(const cmsghdr* control, int32_t* words) {
  if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
    in_pktinfo info;
    if (!controlData(control, &info)) return;
    words[kLocal] = wordOf(info.ipi_spec_dst.s_addr);
    words[kInterface] = info.ipi_ifindex;
  } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
    in6_pktinfo info;
    if (!controlData(control, &info)) return;
    fromIpv6(info.ipi6_addr, words + kLocal);
    words[kInterface] = static_cast<int32_t>(info.ipi6_ifindex);
  }
}

}  // namespace resip

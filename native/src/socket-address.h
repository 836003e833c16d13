// Address words of `src/proto/packet-batch.ts` (ADDRESS_WORDS) to and from what the socket calls want.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>

#include "layout.h"

namespace resip {

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

struct Endpoint {
  SocketAddress remote;
  socklen_t remoteBytes;
};

// Remote address for a socket of `family` (AF_INET or AF_INET6; IPv4 becomes mapped on the latter). False when the
// words hold no address that such a socket can reach.
bool remoteFromWords(const int32_t* words, int family, Endpoint* endpoint);

// True when words 5 … 9 name a local address or interface to send from.
bool hasLocal(const int32_t* words);
void clearLocal(int32_t* words);

// Appends the control message that chooses the local side; returns its CMSG_SPACE.
size_t putLocal(const int32_t* words, int family, cmsghdr* control);
constexpr size_t kLocalControlBytes = CMSG_SPACE(sizeof(in6_pktinfo));

// Fills word 0 … 4 from the sender's address, clears the others.
void wordsFromRemote(const SocketAddress& remote, int32_t* words);
// Copies what a control message holds; false when it holds less, as one that the kernel cut off does (MSG_CTRUNC).
template <typename T>
bool controlData(const cmsghdr* control, T* data) {
  if (control->cmsg_len < CMSG_LEN(sizeof *data)) return false;
  memcpy(data, CMSG_DATA(control), sizeof *data);
  return true;
}
// Fills words 5 … 9 from IP_PKTINFO or IPV6_PKTINFO; other messages are left alone.
void wordsFromControl(const cmsghdr* control, int32_t* words);

}  // namespace resip

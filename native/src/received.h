// What recvmmsg brought into the rows of a batch: messages of UDP_GRO cut into their datagrams, one row each, and neighbours
// from one sender in one train. No system calls and nothing of Node.
#pragma once

#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>

#include "rows.h"
#include "socket-address.h"

// Newer than some C libraries' headers.
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace resip {

// Arguments of one recvmmsg.
struct ReceiveScratch {
  static constexpr uint32_t kMessages = 32;
  // IP_PKTINFO or IPV6_PKTINFO, and the segment size.
  static constexpr size_t kControlBytes = kLocalControlBytes + CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(int));

  mmsghdr headers[kMessages];
  iovec vectors[kMessages];
  SocketAddress senders[kMessages];
  alignas(cmsghdr) uint8_t control[kMessages][kControlBytes];
};

// Appends to a batch behind `count` rows, `end` arena bytes and `trains` trains.
class Receiver {
 public:
  // One message of a UDP_GRO socket is up to 64 KiB and holds up to 128 datagrams (UDP_MAX_SEGMENTS).
  static constexpr size_t kGroBytes = 65535;
  static constexpr uint32_t kGroRows = 128;
  // Without it: a datagram of a jumbo frame. Longer ones are cut off by the kernel and dropped.
  static constexpr size_t kPlainBytes = 9216;

  // `socket`: what the trains are to say.
  Receiver(Rows& rows, bool gro, int32_t socket, uint32_t count, size_t end, uint32_t trains)
      : rows_(rows), gro_(gro), socket_(socket), count_(count), end_(end), trains_(trains) {}

  uint32_t count() const { return count_; }
  size_t end() const { return end_; }
  size_t slotBytes() const { return gro_ ? kGroBytes : kPlainBytes; }
  uint32_t slotRows() const { return gro_ ? kGroRows : 1; }

  // Messages that certainly fit rows, arena and trains: 0 … kMessages.
  uint32_t room() const;
  // Makes `scratch` ask for so many (at most `room`), each into a slot of its own in the arena.
  void prepare(ReceiveScratch& scratch, uint32_t messages) const;
  // Takes over the messages that arrived, in their order.
  void admit(const ReceiveScratch& scratch, uint32_t messages);

 private:
  void admitOne(const ReceiveScratch& scratch, uint32_t message);
  size_t place(const iovec& slot, size_t bytes);
  int32_t trainOf(const int32_t* words);

  Rows& rows_;
  const bool gro_;
  const int32_t socket_;
  uint32_t count_;
  size_t end_;
  uint32_t trains_;
};

}  // namespace resip

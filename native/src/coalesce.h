// The other way round: neighbouring packets of one flow into one super-packet for the kernel. A peer is not trusted:
// only what the kernel would cut back into the very same packets is joined. Pure functions on plain memory.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

#include "packet.h"
#include "virtio.h"

namespace resip {

struct Offloads {
  bool tcp = false;
  bool udp = false;
};

// A packet that was parsed (parseIp) and is to be written.
struct OutgoingPacket {
  const uint8_t* bytes;
  size_t length;
  IpPacket ip;
  // Its transport checksum holds the pseudo-header sum only. `ip.transport` is not 0 then.
  bool isPartial;
};

// False when the packet has to be dropped: broken header, a length that does not fit, a partial checksum in a place
// that nobody can tell (PROTOCOL.md §3).
bool outgoingPacket(const uint8_t* bytes, size_t length, uint8_t flags, OutgoingPacket* packet);

// A run of packets that leave in one write: one packet as it is, or a super-packet.
class Run {
 public:
  // UDP_MAX_SEGMENTS of kernels before 6.9; 64 segments of 1,000 bytes fill a super-packet anyway.
  static constexpr uint32_t kMaxPackets = 64;

  bool isEmpty() const { return count_ == 0; }
  uint32_t packets() const { return count_; }
  bool isUdp() const { return head_.ip.transport == kUdp; }

  // Starts with any packet.
  void begin(const OutgoingPacket& packet, const Offloads& offloads);
  // Adds the packet when it continues the run exactly.
  bool append(const OutgoingPacket& packet);

  // What to write: the virtio header stands in iov[0]. Valid until the next `begin`.
  const iovec* vectors(uint32_t* count);
  // The same for one packet of the run on its own.
  const iovec* vectorsOf(uint32_t packet, uint32_t* count);

  void clear() { count_ = 0; }

 private:
  bool mayGrow(const Offloads& offloads);
  bool isTrusted(const OutgoingPacket& packet) const;
  bool continuesIp(const uint8_t* next) const;
  bool continuesTcp(const uint8_t* next) const;
  const iovec* plain(const uint8_t* bytes, size_t length, bool isPartial, uint32_t* count);

  OutgoingPacket head_;
  uint32_t count_ = 0;
  // Closed: nothing can follow (not a segment, PSH or FIN seen, a short one was the last).
  bool isOpen_ = false;
  bool headTrusted_ = false;
  // Whether the single packets carried partial checksums.
  uint64_t partialMask_ = 0;
  uint8_t lastFlags_ = 0;
  size_t headerBytes_ = 0;
  size_t segmentBytes_ = 0;
  size_t totalBytes_ = 0;

  VnetHeader header_;
  // IPv4 without options or IPv6, TCP with options.
  uint8_t headers_[ipv6::headerBytes + 60];
  // Virtio header, packet headers, payloads.
  iovec vectors_[2 + kMaxPackets];
  iovec plain_[2];
};

}  // namespace resip

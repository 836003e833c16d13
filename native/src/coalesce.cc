#include "coalesce.h"

#include "checksum.h"
#include "layout.h"

namespace resip {

namespace {

// The flags a segment in the middle of a stream may carry; ECE is compared, CWR only starts a run.
constexpr uint8_t kForbiddenFlags = tcp::syn | tcp::rst | tcp::urg;
constexpr uint8_t kLastFlags = tcp::fin | tcp::psh;

// IP, TCP or UDP header bytes in front of the payload; 0 = not something that can be joined.
size_t joinableHeaderBytes(const OutgoingPacket& packet) {
  const uint8_t* transport = packet.bytes + packet.ip.headerBytes;
  const size_t room = packet.length - packet.ip.headerBytes;
  if (packet.ip.version == 4 &&
      (packet.ip.headerBytes != ipv4::headerBytes || !ipv4ChecksumFits(packet.bytes, ipv4::headerBytes))) {
    return 0;
  }
  if (packet.ip.transport == kUdp) {
    return load16(transport + udp::length) == room ? packet.ip.headerBytes + udp::headerBytes : 0;
  }
  const size_t bytes = static_cast<size_t>(transport[tcp::dataOffset] >> 4) * 4;
  const uint8_t flags = transport[tcp::flags];
  if (bytes < tcp::headerBytes || bytes > room || (flags & tcp::ack) == 0 || (flags & kForbiddenFlags) != 0) return 0;
  return packet.ip.headerBytes + bytes;
}

}  // namespace

bool outgoingPacket(const uint8_t* bytes, size_t length, uint8_t flags, OutgoingPacket* packet) {
  packet->bytes = bytes;
  packet->length = length;
  packet->isPartial = (flags & kPartialChecksum) != 0;
  return length <= kMaxPacketBytes && parseIp(bytes, length, &packet->ip) &&
         !(packet->isPartial && packet->ip.transport == 0);
}

void Run::begin(const OutgoingPacket& packet, const Offloads& offloads) {
  head_ = packet;
  count_ = 1;
  partialMask_ = packet.isPartial ? 1 : 0;
  headTrusted_ = packet.isPartial;
  totalBytes_ = packet.length;
  isOpen_ = mayGrow(offloads);
}

bool Run::mayGrow(const Offloads& offloads) {
  const uint8_t transport = head_.ip.transport;
  if (!(transport == kTcp ? offloads.tcp : transport == kUdp && offloads.udp)) return false;
  headerBytes_ = joinableHeaderBytes(head_);
  if (headerBytes_ == 0 || head_.length == headerBytes_) return false;
  segmentBytes_ = head_.length - headerBytes_;
  vectors_[2] = {const_cast<uint8_t*>(head_.bytes) + headerBytes_, segmentBytes_};
  if (transport == kUdp) return true;
  lastFlags_ = head_.bytes[head_.ip.headerBytes + tcp::flags];
  return (lastFlags_ & kLastFlags) == 0;
}

// Joining replaces the checksums, so it has to be known that they fitted.
bool Run::isTrusted(const OutgoingPacket& packet) const {
  return packet.isPartial || transportChecksumFits(packet.bytes, packet.length, packet.ip);
}

bool Run::continuesIp(const uint8_t* next) const {
  const uint8_t* head = head_.bytes;
  if (head_.ip.version == 6) {
    // All but the payload length.
    return memcmp(head, next, ipv6::payloadLength) == 0 &&
           memcmp(head + ipv6::nextHeader, next + ipv6::nextHeader, ipv6::headerBytes - ipv6::nextHeader) == 0;
  }
  // Version, header length and TOS; fragment bits, TTL and protocol; addresses.
  if (memcmp(head, next, ipv4::totalLength) != 0 || memcmp(head + ipv4::fragment, next + ipv4::fragment, 4) != 0 ||
      memcmp(head + ipv4::source, next + ipv4::source, 8) != 0) {
    return false;
  }
  // The kernel numbers the segments it cuts one by one. Where nobody may fragment the number means nothing.
  if ((load16(head + ipv4::fragment) & ipv4::dontFragment) != 0) return true;
  return load16(next + ipv4::id) == static_cast<uint16_t>(load16(head + ipv4::id) + count_);
}

bool Run::continuesTcp(const uint8_t* next) const {
  const uint8_t* head = head_.bytes + head_.ip.headerBytes;
  const size_t headerBytes = headerBytes_ - head_.ip.headerBytes;
  const uint8_t flags = next[tcp::flags];
  const uint32_t sequence = load32(head + tcp::sequence) + static_cast<uint32_t>(totalBytes_ - headerBytes_);
  // Of the flags only PSH and FIN may be new; CWR stands on the first alone.
  const uint8_t expected = head[tcp::flags] & static_cast<uint8_t>(~tcp::cwr);
  return load32(next + tcp::sequence) == sequence && (flags & static_cast<uint8_t>(~kLastFlags)) == expected &&
         // Acknowledgement, data offset and reserved bits; window; urgent pointer and options.
         memcmp(head + 8, next + 8, 5) == 0 && memcmp(head + 14, next + 14, 2) == 0 &&
         memcmp(head + 18, next + 18, headerBytes - 18) == 0;
}

bool Run::append(const OutgoingPacket& packet) {
  if (!isOpen_ || count_ == kMaxPackets) return false;
  const size_t payload = packet.length - headerBytes_;
  if (packet.ip.version != head_.ip.version || packet.ip.transport != head_.ip.transport ||
      packet.length <= headerBytes_ || payload > segmentBytes_ || totalBytes_ + payload > kMaxPacketBytes) {
    return false;
  }
  const size_t ports = head_.ip.headerBytes;
  if (packet.ip.headerBytes != ports || memcmp(head_.bytes + ports, packet.bytes + ports, 4) != 0) return false;
  if (!continuesIp(packet.bytes) || joinableHeaderBytes(packet) != headerBytes_) return false;
  const bool isTcp = packet.ip.transport == kTcp;
  if (isTcp && !continuesTcp(packet.bytes + ports)) return false;
  if (!headTrusted_) headTrusted_ = isTrusted(head_);
  if (!headTrusted_ || !isTrusted(packet)) {
    isOpen_ = headTrusted_;
    return false;
  }

  vectors_[2 + count_] = {const_cast<uint8_t*>(packet.bytes) + headerBytes_, payload};
  if (packet.isPartial) partialMask_ |= uint64_t{1} << count_;
  count_++;
  totalBytes_ += payload;
  if (isTcp) lastFlags_ = packet.bytes[ports + tcp::flags];
  isOpen_ = payload == segmentBytes_ && !(isTcp && (lastFlags_ & kLastFlags) != 0);
  return true;
}

const iovec* Run::plain(const uint8_t* bytes, size_t length, bool isPartial, uint32_t* count) {
  header_ = {};
  if (isPartial) {
    header_.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    header_.csum_start = head_.ip.headerBytes;
    header_.csum_offset = static_cast<uint16_t>(checksumOffset(head_.ip.transport));
  }
  plain_[0] = {&header_, sizeof header_};
  plain_[1] = {const_cast<uint8_t*>(bytes), length};
  *count = 2;
  return plain_;
}

const iovec* Run::vectorsOf(uint32_t packet, uint32_t* count) {
  const bool isPartial = (partialMask_ >> packet & 1) != 0;
  if (packet == 0) return plain(head_.bytes, head_.length, isPartial, count);
  const iovec& payload = vectors_[2 + packet];
  return plain(static_cast<uint8_t*>(payload.iov_base) - headerBytes_, payload.iov_len + headerBytes_, isPartial,
               count);
}

const iovec* Run::vectors(uint32_t* count) {
  if (count_ == 1) return vectorsOf(0, count);
  const size_t transportAt = head_.ip.headerBytes;
  const bool isTcp = head_.ip.transport == kTcp;
  memcpy(headers_, head_.bytes, headerBytes_);
  uint8_t* transport = headers_ + transportAt;

  header_ = {};
  header_.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
  header_.gso_type = !isTcp                  ? VIRTIO_NET_HDR_GSO_UDP_L4
                     : head_.ip.version == 4 ? VIRTIO_NET_HDR_GSO_TCPV4
                                             : VIRTIO_NET_HDR_GSO_TCPV6;
  header_.gso_size = static_cast<uint16_t>(segmentBytes_);
  header_.hdr_len = static_cast<uint16_t>(headerBytes_);
  header_.csum_start = static_cast<uint16_t>(transportAt);
  header_.csum_offset = static_cast<uint16_t>(checksumOffset(head_.ip.transport));

  if (head_.ip.version == 4) {
    store16(headers_ + ipv4::totalLength, static_cast<uint16_t>(totalBytes_));
    sealIpv4(headers_, transportAt);
  } else {
    store16(headers_ + ipv6::payloadLength, static_cast<uint16_t>(totalBytes_ - ipv6::headerBytes));
  }
  if (isTcp) {
    if ((transport[tcp::flags] & tcp::cwr) != 0) header_.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
    transport[tcp::flags] |= lastFlags_ & kLastFlags;
  } else {
    store16(transport + udp::length, static_cast<uint16_t>(totalBytes_ - transportAt));
  }
  const uint16_t sum =
      fold(pseudoSum(headers_, head_.ip.version, head_.ip.transport, totalBytes_ - transportAt));
  memcpy(transport + checksumOffset(head_.ip.transport), &sum, 2);

  vectors_[0] = {&header_, sizeof header_};
  vectors_[1] = {headers_, headerBytes_};
  *count = 2 + count_;
  return vectors_;
}

}  // namespace resip

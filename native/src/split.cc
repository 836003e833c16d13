#include "split.h"

#include <algorithm>

#include "checksum.h"
#include "layout.h"
#include "packet.h"

namespace resip {

namespace {

bool planPlain(const VnetHeader& header, SplitPlan* plan) {
  plan->segments = 1;
  plan->leavesPartial = false;
  plan->completes = false;
  if ((header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0) return true;
  plan->transportAt = header.csum_start;
  plan->checksumAt = header.csum_offset;
  if (plan->transportAt + plan->checksumAt + 2 > plan->length) return false;
  IpPacket ip;
  const bool isUsual = parseIp(plan->packet, plan->length, &ip) && ip.transport != 0 &&
                       plan->transportAt == ip.headerBytes && plan->checksumAt == checksumOffset(ip.transport);
  plan->leavesPartial = isUsual;
  plan->completes = !isUsual;
  return true;
}

// Length of the transport header of a super-packet; 0 when it does not fit in.
size_t transportHeaderBytes(const SplitPlan& plan) {
  const size_t room = plan.length - plan.transportAt;
  if (plan.transport == kUdp) return room >= udp::headerBytes ? udp::headerBytes : 0;
  if (room < tcp::headerBytes) return 0;
  const size_t bytes = static_cast<size_t>(plan.packet[plan.transportAt + tcp::dataOffset] >> 4) * 4;
  return bytes >= tcp::headerBytes && bytes <= room ? bytes : 0;
}

// The lengths in the IP and UDP headers of a super-packet are not looked at: a segment gets its own.
bool planSuper(const VnetHeader& header, uint8_t type, SplitPlan* plan) {
  const uint8_t* packet = plan->packet;
  switch (type) {
    case VIRTIO_NET_HDR_GSO_TCPV4:
    case VIRTIO_NET_HDR_GSO_TCPV6:
      plan->transport = kTcp;
      break;
    case VIRTIO_NET_HDR_GSO_UDP_L4:
      plan->transport = kUdp;
      break;
    default:
      return false;
  }
  plan->version = plan->length > 0 ? packet[0] >> 4 : 0;
  if (type == VIRTIO_NET_HDR_GSO_TCPV4 && plan->version != 4) return false;
  if (type == VIRTIO_NET_HDR_GSO_TCPV6 && plan->version != 6) return false;
  if ((header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0 || header.gso_size == 0) return false;
  plan->transportAt = header.csum_start;
  plan->checksumAt = header.csum_offset;
  plan->segmentBytes = header.gso_size;
  if (plan->checksumAt != checksumOffset(plan->transport)) return false;

  bool isUsual;
  if (plan->version == 4) {
    if (plan->length < ipv4::headerBytes || plan->transportAt < ipv4::headerBytes) return false;
    if (plan->transportAt != static_cast<size_t>(packet[0] & 15) * 4) return false;
    isUsual = packet[ipv4::protocol] == plan->transport &&
              (load16(packet + ipv4::fragment) & ipv4::moreOrOffset) == 0;
    if (!isUsual) return false;
  } else if (plan->version == 6) {
    if (plan->length < ipv6::headerBytes || plan->transportAt < ipv6::headerBytes) return false;
    isUsual = packet[ipv6::nextHeader] == plan->transport && plan->transportAt == ipv6::headerBytes;
  } else {
    return false;
  }
  if (plan->transportAt >= plan->length) return false;
  const size_t transportBytes = transportHeaderBytes(*plan);
  if (transportBytes == 0) return false;
  plan->headerBytes = plan->transportAt + transportBytes;
  if (plan->headerBytes >= plan->length) return false;
  const size_t payload = plan->length - plan->headerBytes;
  plan->segments = static_cast<uint32_t>((payload + plan->segmentBytes - 1) / plan->segmentBytes);
  plan->leavesPartial = isUsual;
  plan->completes = !isUsual;
  if (isUsual) {
    plan->pseudo = pseudoSum(packet, plan->version, plan->transport, 0);
  } else {
    // Behind extension headers the pseudo header is not ours to rebuild (a routing header changes the destination):
    // take the total length back out of the sum that the kernel made.
    uint16_t total;
    memcpy(&total, packet + plan->transportAt + plan->checksumAt, 2);
    const auto bytes = static_cast<uint16_t>(~htons(static_cast<uint16_t>(plan->length - plan->transportAt)));
    plan->pseudo = static_cast<uint64_t>(total) + bytes;
  }
  return true;
}

void setLengths(const SplitPlan& plan, uint32_t segment, uint8_t* out, size_t length) {
  if (plan.version == 4) {
    store16(out + ipv4::totalLength, static_cast<uint16_t>(length));
    store16(out + ipv4::id, static_cast<uint16_t>(load16(plan.packet + ipv4::id) + segment));
    sealIpv4(out, plan.transportAt);
  } else {
    store16(out + ipv6::payloadLength, static_cast<uint16_t>(length - ipv6::headerBytes));
  }
  uint8_t* transport = out + plan.transportAt;
  if (plan.transport == kUdp) {
    store16(transport + udp::length, static_cast<uint16_t>(length - plan.transportAt));
    return;
  }
  store32(transport + tcp::sequence,
          load32(transport + tcp::sequence) + segment * static_cast<uint32_t>(plan.segmentBytes));
  if (segment + 1 < plan.segments) transport[tcp::flags] &= static_cast<uint8_t>(~(tcp::fin | tcp::psh));
  if (segment > 0) transport[tcp::flags] &= static_cast<uint8_t>(~tcp::cwr);
}

}  // namespace

bool planSplit(const VnetHeader& header, const uint8_t* packet, size_t length, SplitPlan* plan) {
  plan->packet = packet;
  plan->length = length;
  const auto type = static_cast<uint8_t>(header.gso_type & ~VIRTIO_NET_HDR_GSO_ECN);
  return type == VIRTIO_NET_HDR_GSO_NONE ? planPlain(header, plan) : planSuper(header, type, plan);
}

size_t segmentLength(const SplitPlan& plan, uint32_t segment) {
  if (plan.segments == 1) return plan.length;
  const size_t sent = segment * plan.segmentBytes;
  return plan.headerBytes + std::min(plan.segmentBytes, plan.length - plan.headerBytes - sent);
}

uint8_t writeSegment(const SplitPlan& plan, uint32_t segment, uint8_t* out) {
  const size_t length = segmentLength(plan, segment);
  if (plan.segments == 1) {
    memcpy(out, plan.packet, length);
  } else {
    memcpy(out, plan.packet, plan.headerBytes);
    memcpy(out + plan.headerBytes, plan.packet + plan.headerBytes + segment * plan.segmentBytes,
           length - plan.headerBytes);
    setLengths(plan, segment, out, length);
    const uint16_t sum = fold(plan.pseudo + htons(static_cast<uint16_t>(length - plan.transportAt)));
    memcpy(out + plan.transportAt + plan.checksumAt, &sum, 2);
  }
  if (plan.completes) completeChecksum(out, length, plan.transportAt, plan.checksumAt);
  return plan.leavesPartial ? kPartialChecksum : 0;
}

}  // namespace resip

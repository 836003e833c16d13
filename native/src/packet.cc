#include "packet.h"

#include "checksum.h"

namespace resip {

namespace {

uint8_t wholeTransport(uint8_t protocol, size_t bytes) {
  if (protocol == kTcp && bytes >= tcp::headerBytes) return kTcp;
  if (protocol == kUdp && bytes >= udp::headerBytes) return kUdp;
  return 0;
}

bool parseIpv4(const uint8_t* packet, size_t length, IpPacket* ip) {
  if (length < ipv4::headerBytes) return false;
  const size_t headerBytes = static_cast<size_t>(packet[0] & 15) * 4;
  if (headerBytes < ipv4::headerBytes || headerBytes > length) return false;
  if (load16(packet + ipv4::totalLength) != length) return false;
  ip->version = 4;
  ip->headerBytes = static_cast<uint16_t>(headerBytes);
  const bool isFragment = (load16(packet + ipv4::fragment) & ipv4::moreOrOffset) != 0;
  ip->transport = isFragment ? 0 : wholeTransport(packet[ipv4::protocol], length - headerBytes);
  return true;
}

bool parseIpv6(const uint8_t* packet, size_t length, IpPacket* ip) {
  if (length < ipv6::headerBytes) return false;
  if (load16(packet + ipv6::payloadLength) + ipv6::headerBytes != length) return false;
  ip->version = 6;
  ip->headerBytes = ipv6::headerBytes;
  ip->transport = wholeTransport(packet[ipv6::nextHeader], length - ipv6::headerBytes);
  return true;
}

}  // namespace

bool parseIp(const uint8_t* packet, size_t length, IpPacket* ip) {
  if (length == 0) return false;
  switch (packet[0] >> 4) {
    case 4:
      return parseIpv4(packet, length, ip);
    case 6:
      return parseIpv6(packet, length, ip);
    default:
      return false;
  }
}

uint64_t pseudoSum(const uint8_t* packet, uint8_t version, uint8_t transport, size_t bytes) {
  uint64_t sum = version == 4 ? addBytes(0, packet + ipv4::source, 8) : addBytes(0, packet + ipv6::source, 32);
  sum += htons(transport);
  return sum + htons(static_cast<uint16_t>(bytes));
}

void sealIpv4(uint8_t* packet, size_t headerBytes) {
  memset(packet + ipv4::checksum, 0, 2);
  const uint16_t sum = static_cast<uint16_t>(~fold(addBytes(0, packet, headerBytes)));
  memcpy(packet + ipv4::checksum, &sum, 2);
}

bool ipv4ChecksumFits(const uint8_t* packet, size_t headerBytes) {
  return fold(addBytes(0, packet, headerBytes)) == 0xffff;
}

void completeChecksum(uint8_t* packet, size_t length, size_t start, size_t offset) {
  uint16_t sum = static_cast<uint16_t>(~fold(addBytes(0, packet + start, length - start)));
  // In UDP zero means "no checksum" (RFC 768); elsewhere both zeros of one's complement are as good.
  if (sum == 0) sum = 0xffff;
  memcpy(packet + start + offset, &sum, 2);
}

bool transportChecksumFits(const uint8_t* packet, size_t length, const IpPacket& ip) {
  const uint8_t* transport = packet + ip.headerBytes;
  const size_t bytes = length - ip.headerBytes;
  if (ip.transport == kUdp && load16(transport + udp::checksum) == 0) return false;
  return fold(addBytes(pseudoSum(packet, ip.version, ip.transport, bytes), transport, bytes)) == 0xffff;
}

}  // namespace resip

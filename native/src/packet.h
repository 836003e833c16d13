// Just enough of IP, TCP and UDP for segmentation: lengths, offsets and checksums. Pure functions on plain memory.
#pragma once

#include <arpa/inet.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace resip {

constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;
constexpr size_t kMaxPacketBytes = 65535;

namespace ipv4 {
constexpr size_t headerBytes = 20;
constexpr size_t totalLength = 2;
constexpr size_t id = 4;
constexpr size_t fragment = 6;
constexpr size_t protocol = 9;
constexpr size_t checksum = 10;
constexpr size_t source = 12;
constexpr uint16_t dontFragment = 0x4000;
constexpr uint16_t moreOrOffset = 0x3fff;
}  // namespace ipv4

namespace ipv6 {
constexpr size_t headerBytes = 40;
constexpr size_t payloadLength = 4;
constexpr size_t nextHeader = 6;
constexpr size_t source = 8;
}  // namespace ipv6

namespace tcp {
constexpr size_t headerBytes = 20;
constexpr size_t sequence = 4;
constexpr size_t dataOffset = 12;
constexpr size_t flags = 13;
constexpr size_t checksum = 16;
constexpr uint8_t fin = 0x01, syn = 0x02, rst = 0x04, psh = 0x08, ack = 0x10, urg = 0x20, cwr = 0x80;
}  // namespace tcp

namespace udp {
constexpr size_t headerBytes = 8;
constexpr size_t length = 4;
constexpr size_t checksum = 6;
}  // namespace udp

inline uint16_t load16(const uint8_t* at) {
  uint16_t value;
  memcpy(&value, at, 2);
  return ntohs(value);
}

inline uint32_t load32(const uint8_t* at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return ntohl(value);
}

inline void store16(uint8_t* at, uint16_t value) {
  value = htons(value);
  memcpy(at, &value, 2);
}

inline void store32(uint8_t* at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}

struct IpPacket {
  uint8_t version = 0;
  // kTcp or kUdp when the transport header stands whole right behind the IP header (no fragment, no extension
  // headers); else 0.
  uint8_t transport = 0;
  // IPv4: with options; IPv6: 40.
  uint16_t headerBytes = 0;
};

// False when the header is broken or its length is not `length`.
bool parseIp(const uint8_t* packet, size_t length, IpPacket* ip);

inline size_t checksumOffset(uint8_t transport) {
  return transport == kTcp ? tcp::checksum : udp::checksum;
}

// Sum of the pseudo header for `bytes` of transport header and payload, in memory order.
uint64_t pseudoSum(const uint8_t* packet, uint8_t version, uint8_t transport, size_t bytes);

// Writes the IPv4 header checksum.
void sealIpv4(uint8_t* packet, size_t headerBytes);

bool ipv4ChecksumFits(const uint8_t* packet, size_t headerBytes);

// Completes a checksum that holds the pseudo-header sum: covers `start` to the end, stands at `start + offset`.
void completeChecksum(uint8_t* packet, size_t length, size_t start, size_t offset);

// True when the full transport checksum fits. A UDP checksum of zero (none) does not count as fitting.
bool transportChecksumFits(const uint8_t* packet, size_t length, const IpPacket& ip);

}  // namespace resip

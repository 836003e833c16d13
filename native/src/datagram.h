// The 12 header bytes of a datagram (PROTOCOL.md §2): type 1, session id 4, packet number 7, big-endian.
#pragma once

#include <cstdint>

#include "packet.h"

namespace resip {

// Largest integer that a JavaScript number and a Float64Array hold exactly.
constexpr uint64_t kMaxPacketNumber = (uint64_t{1} << 53) - 1;

// With the reserved high nibble, which the core judges.
inline uint8_t datagramType(const uint8_t* header) {
  return header[0];
}

inline uint32_t datagramSession(const uint8_t* header) {
  return load32(header + 1);
}

inline uint64_t datagramNumber(const uint8_t* header) {
  uint64_t value;
  memcpy(&value, header + 4, 8);
  return be64toh(value) & 0x00ffffffffffffff;
}

inline void writeDatagramHeader(uint8_t* header, uint8_t type, uint32_t session, uint64_t number) {
  store32(header + 5, static_cast<uint32_t>(number >> 24));
  store32(header + 8, static_cast<uint32_t>(number));
  header[0] = type;
  store32(header + 1, session);
}

}  // namespace resip

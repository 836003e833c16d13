#include "checksum.h"

#include <cstring>

namespace resip {

uint64_t addBytes(uint64_t sum, const uint8_t* bytes, size_t length) {
  // 32-bit words into 64-bit lanes: no carry is lost below 2^32 words, and the compiler makes vectors of it.
  uint64_t lanes[4] = {sum, 0, 0, 0};
  while (length >= 16) {
    uint32_t words[4];
    memcpy(words, bytes, 16);
    for (int i = 0; i < 4; i++) lanes[i] += words[i];
    bytes += 16;
    length -= 16;
  }
  uint64_t total = 0;
  for (const uint64_t lane : lanes) total += (lane & 0xffffffff) + (lane >> 32);
  while (length >= 2) {
    uint16_t word;
    memcpy(&word, bytes, 2);
    total += word;
    bytes += 2;
    length -= 2;
  }
  if (length > 0) {
    uint16_t word = 0;
    memcpy(&word, bytes, 1);
    total += word;
  }
  return total;
}

uint16_t fold(uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

}  // namespace resip

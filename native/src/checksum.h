// The Internet checksum (RFC 1071). Sums are kept in memory order: a one's complement sum does not care about byte
// order as long as words are loaded and stored the same way.
#pragma once

#include <cstddef>
#include <cstdint>

namespace resip {

// Adds `length` bytes to `sum`; an odd last byte counts as the first of its word.
uint64_t addBytes(uint64_t sum, const uint8_t* bytes, size_t length);

// 16 bits in memory order, not complemented.
uint16_t fold(uint64_t sum);

}  // namespace resip

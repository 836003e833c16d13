// The packet batch as `src/proto/packet-batch.ts` lays it out: one arena, one buffer of columns. Whoever made it owns the
// memory; nothing that stands in it is trusted to stay in range.
#pragma once

#include <cstddef>
#include <cstdint>

#include "layout.h"

namespace resip {

struct Rows {
  static constexpr uint32_t kMaxCapacity = 1u << 20;
  static constexpr size_t kMaxArenaBytes = 1u << 30;  // offsets are int32
  static constexpr uint32_t kMaxTrains = 1u << 16;

  // `columns` has kColumnBytes for each of `capacity` rows.
  Rows(uint8_t* arena, size_t arenaBytes, uint8_t* columns, uint32_t capacity, int32_t* trainSocket,
       int32_t* trainAddress, uint32_t trains);

  // True when row `row` has its bytes, and `before` and `after` bytes around them, inside the arena.
  bool holds(uint32_t row, size_t before = 0, size_t after = 0) const {
    const int64_t start = offset[row];
    const int64_t bytes = length[row];
    return bytes >= 0 && start >= static_cast<int64_t>(before) &&
           start + bytes + static_cast<int64_t>(after) <= static_cast<int64_t>(arenaBytes);
  }

  uint8_t* bytes(uint32_t row) const { return arena + offset[row]; }

  // Describes a packet that was just laid out; every other column gets the value `PacketBatch.append` gives it.
  void place(uint32_t row, size_t at, size_t bytes, uint8_t packetFlags) {
    packetNumber[row] = 0;
    offset[row] = static_cast<int32_t>(at);
    length[row] = static_cast<int32_t>(bytes);
    sessionId[row] = 0;
    keySlot[row] = -1;
    peer[row] = 0;
    train[row] = -1;
    pathMask[row] = 0;
    type[row] = 0;
    verdict[row] = verdict::drop;
    flags[row] = packetFlags;
  }

  uint8_t* const arena;
  const size_t arenaBytes;
  const uint32_t capacity;
  const uint32_t trains;

  double* packetNumber;
  int32_t* offset;
  int32_t* length;
  uint32_t* sessionId;
  int32_t* keySlot;
  int32_t* peer;
  int32_t* train;
  uint8_t* pathMask;
  uint8_t* type;
  uint8_t* verdict;
  uint8_t* flags;
  int32_t* const trainSocket;
  int32_t* const trainAddress;
};

}  // namespace resip

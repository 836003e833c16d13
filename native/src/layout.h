// The numbers of `src/proto/packet-batch.ts`. They change together.
#pragma once

#include <cstddef>
#include <cstdint>

namespace resip {

constexpr size_t kDatagramHeaderBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kInteriorHeaderBytes = 9;
constexpr size_t kHeadroomBytes = kDatagramHeaderBytes + kInteriorHeaderBytes;
constexpr size_t kTailroomBytes = kTagBytes;
constexpr size_t kShortestDatagramBytes = kDatagramHeaderBytes + kTagBytes;

constexpr uint32_t kPathsPerPeer = 8;
constexpr uint32_t kAddressWords = 10;
constexpr uint32_t kPathWords = 16;
constexpr uint32_t kPathSocket = 0;
constexpr uint32_t kPathAddress = 1;
constexpr uint32_t kPathErrno = 11;
constexpr uint32_t kPathSent = 12;
constexpr uint32_t kPathFailed = 13;
constexpr uint32_t kPathSentBytes = 14;

namespace verdict {
constexpr uint8_t drop = 0;
constexpr uint8_t seal = 1;
constexpr uint8_t received = 2;
constexpr uint8_t open = 3;
constexpr uint8_t opened = 4;
constexpr uint8_t forged = 5;
constexpr uint8_t deliver = 7;
constexpr uint8_t send = 8;
}  // namespace verdict

constexpr uint8_t kPartialChecksum = 1;

// Bytes per row of COLUMN_LAYOUT: packetNumber 8, six columns of 4, four of 1.
constexpr size_t kColumnBytes = 8 + 6 * 4 + 4 * 1;

}  // namespace resip

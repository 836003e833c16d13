// One packet as the kernel hands it over (with its virtio header) into the packets it stands for: TCP and UDP
// super-packets become plain segments, unfinished checksums become PARTIAL_CHECKSUM or are completed. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "virtio.h"

namespace resip {

struct SplitPlan {
  const uint8_t* packet;
  size_t length;
  // Packets it becomes; 1 = it is plain already.
  uint32_t segments;
  // Headers that every segment repeats, and payload bytes of every segment but the last.
  size_t headerBytes;
  size_t segmentBytes;
  // Where the transport header starts and the checksum stands in it.
  size_t transportAt;
  size_t checksumAt;
  uint8_t version;
  uint8_t transport;
  // The checksum stays partial: its place follows from the IP header alone, so that the receiver finds it.
  bool leavesPartial;
  // Software has to complete the checksum (extension headers, or neither TCP nor UDP).
  bool completes;
  // Pseudo-header sum without the length, memory order.
  uint64_t pseudo;
};

// False when the packet does not fit its virtio header; it has to be dropped then.
bool planSplit(const VnetHeader& header, const uint8_t* packet, size_t length, SplitPlan* plan);

size_t segmentLength(const SplitPlan& plan, uint32_t segment);

// Writes one segment (segmentLength bytes) and returns its packet flags.
uint8_t writeSegment(const SplitPlan& plan, uint32_t segment, uint8_t* out);

}  // namespace resip

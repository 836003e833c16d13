// One input of the fuzzer: a frame to be split, or packets to be joined. Every packet lives in a heap block of its exact
// size. Formats: 0 ‖ virtio header (10) ‖ packet; or 1 ‖ offloads (bit 0 TCP, bit 1 UDP) ‖ (length 2 ‖ flags 1 ‖ packet) …
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "../../../native/src/coalesce.h"
#include "../../../native/src/layout.h"
#include "../../../native/src/split.h"

using namespace resip;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

// Every segment into a block of its exact size; their payloads together are the payload of the frame.
void splitAll(const SplitPlan& plan) {
  size_t payload = 0;
  for (uint32_t segment = 0; segment < plan.segments; segment++) {
    std::vector<uint8_t> out(segmentLength(plan, segment));
    if (out.empty()) out.reserve(1);
    require(plan.segments == 1 || out.size() > plan.headerBytes, "a segment without payload");
    writeSegment(plan, segment, out.data());
    payload += out.size() - (plan.segments == 1 ? 0 : plan.headerBytes);
  }
  require(payload == plan.length - (plan.segments == 1 ? 0 : plan.headerBytes), "bytes lost or added by a split");
}

void split(const uint8_t* bytes, size_t size) {
  VnetHeader header = {};
  if (size < sizeof header) return;
  memcpy(&header, bytes, sizeof header);
  std::vector<uint8_t> packet(bytes + sizeof header, bytes + size);
  // The address of nothing is still an address.
  if (packet.empty()) packet.reserve(1);
  SplitPlan plan = {};
  if (planSplit(header, packet.data(), packet.size(), &plan)) splitAll(plan);
}

// What would be written, split again: as many packets as went in.
void flush(Run& run, uint32_t packets) {
  if (run.isEmpty()) return;
  uint32_t count;
  const iovec* vectors = run.vectors(&count);
  VnetHeader header;
  memcpy(&header, vectors[0].iov_base, sizeof header);
  std::vector<uint8_t> frame;
  for (uint32_t i = 1; i < count; i++) {
    const auto* from = static_cast<const uint8_t*>(vectors[i].iov_base);
    frame.insert(frame.end(), from, from + vectors[i].iov_len);
  }
  frame.shrink_to_fit();
  require(frame.size() <= kMaxPacketBytes, "a frame longer than any packet");
  SplitPlan plan = {};
  if (packets > 1) {
    require(planSplit(header, frame.data(), frame.size(), &plan), "a joined frame that cannot be split");
    require(plan.segments == packets, "packets lost or added by joining");
    splitAll(plan);
  }
  for (uint32_t i = 0; i < run.packets(); i++) run.vectorsOf(i, &count);
  run.clear();
}

void join(const uint8_t* bytes, size_t size) {
  if (size < 1) return;
  const Offloads offloads{(bytes[0] & 1) != 0, (bytes[0] & 2) != 0};
  std::vector<std::vector<uint8_t>> packets;
  std::vector<uint8_t> flags;
  for (size_t at = 1; at + 3 <= size;) {
    const size_t length = load16(bytes + at);
    const uint8_t flag = bytes[at + 2];
    at += 3;
    if (length > size - at) break;
    packets.emplace_back(bytes + at, bytes + at + length);
    flags.push_back(flag & kPartialChecksum);
    at += length;
  }
  Run run;
  uint32_t inRun = 0;
  for (size_t i = 0; i < packets.size(); i++) {
    OutgoingPacket packet;
    if (!outgoingPacket(packets[i].data(), packets[i].size(), flags[i], &packet)) continue;
    if (!run.isEmpty() && run.append(packet)) {
      inRun++;
      continue;
    }
    flush(run, inRun);
    run.begin(packet, offloads);
    inRun = 1;
  }
  flush(run, inRun);
}

}  // namespace

extern "C" void runInput(const uint8_t* bytes, size_t size) {
  if (size < 1) return;
  if (bytes[0] == 0) split(bytes + 1, size - 1);
  if (bytes[0] == 1) join(bytes + 1, size - 1);
}

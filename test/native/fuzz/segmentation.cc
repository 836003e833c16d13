// Splitting and joining of frames that are nearly right, under the address and undefined-behaviour sanitizers. Every
// packet lives in a heap block of its exact size, so that one byte too far is seen. Arguments: seed, rounds.
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "../../../native/src/coalesce.h"
#include "../../../native/src/layout.h"
#include "../../../native/src/split.h"

using namespace resip;

namespace {

std::mt19937 dice;

uint32_t roll(uint32_t low, uint32_t high) {
  return low + dice() % (high - low + 1);
}

// A packet whose headers hold together, with a payload of `payload` bytes.
std::vector<uint8_t> makePacket(bool isIpv4, bool isTcp, size_t tcpOptions, size_t payload) {
  const size_t ip = isIpv4 ? 20 : 40;
  const size_t transport = isTcp ? 20 + tcpOptions : 8;
  std::vector<uint8_t> packet(ip + transport + payload);
  for (uint8_t& byte : packet) byte = static_cast<uint8_t>(dice());
  if (isIpv4) {
    packet[0] = 0x45;
    packet[1] = 0;
    packet[9] = isTcp ? kTcp : kUdp;
    store16(&packet[2], static_cast<uint16_t>(packet.size()));
    store16(&packet[6], 0x4000);
    sealIpv4(packet.data(), 20);
  } else {
    packet[0] = 0x60;
    packet[6] = isTcp ? kTcp : kUdp;
    store16(&packet[4], static_cast<uint16_t>(packet.size() - 40));
  }
  if (isTcp) {
    packet[ip + 12] = static_cast<uint8_t>(transport / 4 << 4);
    packet[ip + 13] = tcp::ack;
  } else {
    store16(&packet[ip + 4], static_cast<uint16_t>(8 + payload));
  }
  return packet;
}

// Cuts, or changes a few bytes, or neither.
void spoil(std::vector<uint8_t>& bytes) {
  if (roll(0, 3) == 0) bytes.resize(roll(0, static_cast<uint32_t>(bytes.size())));
  for (uint32_t changes = roll(0, 3); changes > 0 && !bytes.empty(); changes--) {
    bytes[roll(0, std::min<uint32_t>(79, static_cast<uint32_t>(bytes.size()) - 1))] = static_cast<uint8_t>(dice());
  }
  bytes.shrink_to_fit();
}

// Writes every segment of the plan into a block of its exact size.
size_t splitAll(const SplitPlan& plan) {
  size_t total = 0;
  for (uint32_t segment = 0; segment < plan.segments; segment++) {
    std::vector<uint8_t> out(segmentLength(plan, segment));
    writeSegment(plan, segment, out.data());
    total += out.size();
  }
  return total;
}

void fuzzSplit() {
  const bool isIpv4 = roll(0, 1) != 0;
  const bool isTcp = roll(0, 1) != 0;
  const size_t options = 4 * roll(0, 10);
  std::vector<uint8_t> packet = makePacket(isIpv4, isTcp, options, roll(0, 3000));
  VnetHeader header = {};
  header.flags = roll(0, 9) == 0 ? 0 : VIRTIO_NET_HDR_F_NEEDS_CSUM;
  header.gso_type = !isTcp ? VIRTIO_NET_HDR_GSO_UDP_L4 : isIpv4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
  if (roll(0, 9) == 0) header.gso_type = static_cast<uint8_t>(dice());
  header.gso_size = static_cast<uint16_t>(roll(0, 9) == 0 ? dice() : roll(1, 1400));
  header.csum_start = static_cast<uint16_t>(roll(0, 9) == 0 ? dice() : isIpv4 ? 20 : 40);
  header.csum_offset = static_cast<uint16_t>(roll(0, 9) == 0 ? dice() : isTcp ? 16 : 6);
  spoil(packet);
  SplitPlan plan = {};
  if (planSplit(header, packet.data(), packet.size(), &plan)) splitAll(plan);
}

// Reads everything that would be written, and splits it again: nothing may be lost or added.
void flush(Run& run, size_t expectedPackets) {
  if (run.isEmpty()) return;
  uint32_t count;
  const iovec* vectors = run.vectors(&count);
  VnetHeader header;
  memcpy(&header, vectors[0].iov_base, sizeof header);
  std::vector<uint8_t> packet;
  for (uint32_t i = 1; i < count; i++) {
    const auto* from = static_cast<const uint8_t*>(vectors[i].iov_base);
    packet.insert(packet.end(), from, from + vectors[i].iov_len);
  }
  packet.shrink_to_fit();
  SplitPlan plan = {};
  const bool isSplit = planSplit(header, packet.data(), packet.size(), &plan);
  if (packet.size() > kMaxPacketBytes || !isSplit || plan.segments != expectedPackets) {
    fprintf(stderr, "joined %zu packets of %zu bytes, split into %u\n", expectedPackets, packet.size(),
            isSplit ? plan.segments : 0);
    abort();
  }
  splitAll(plan);
  for (uint32_t i = 0; i < run.packets(); i++) run.vectorsOf(i, &count);
  run.clear();
}

void fuzzJoin() {
  const bool isIpv4 = roll(0, 1) != 0;
  const bool isTcp = roll(0, 1) != 0;
  const size_t options = 4 * roll(0, 3);
  const size_t payload = roll(1, 1400);
  const std::vector<uint8_t> first = makePacket(isIpv4, isTcp, options, payload);
  const size_t ip = isIpv4 ? 20 : 40;
  std::vector<std::vector<uint8_t>> packets;
  for (uint32_t i = roll(1, 90); i > 0; i--) {
    std::vector<uint8_t> next = first;
    if (isTcp) store32(&next[ip + 4], load32(&first[ip + 4]) + static_cast<uint32_t>(packets.size() * payload));
    if (roll(0, 7) == 0) spoil(next);
    packets.push_back(std::move(next));
  }
  Run run;
  size_t inRun = 0;
  const Offloads offloads{true, true};
  for (const std::vector<uint8_t>& bytes : packets) {
    OutgoingPacket packet;
    const uint8_t flags = roll(0, 9) == 0 ? 0 : kPartialChecksum;
    if (!outgoingPacket(bytes.data(), bytes.size(), flags, &packet)) continue;
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

int main(int, char** arguments) {
  dice.seed(static_cast<uint32_t>(atoi(arguments[1])));
  for (long round = atol(arguments[2]); round > 0; round--) {
    fuzzSplit();
    fuzzJoin();
  }
  puts("clean");
  return 0;
}

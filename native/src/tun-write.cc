#include <errno.h>
#include <sys/uio.h>

#include "tun.h"

namespace resip {

namespace {

// Smallest Ethernet frame without payload.
constexpr size_t kEthernetHeaderBytes = 14;

// True when the kernel took it. ENOBUFS and EAGAIN (queue), EIO (device down) and the like drop the packet.
bool put(int fd, const iovec* vectors, uint32_t count) {
  ssize_t written;
  do {
    written = writev(fd, vectors, static_cast<int>(count));
  } while (written < 0 && errno == EINTR);
  return written >= 0;
}

// Writes the run; returns the packets that the kernel took.
uint32_t flush(Tun& tun) {
  Run& run = tun.run;
  const uint32_t packets = run.packets();
  if (packets == 0) return 0;
  uint32_t count;
  const iovec* vectors = run.vectors(&count);
  uint32_t taken = 0;
  if (put(tun.fd, vectors, count)) {
    taken = packets;
  } else if (packets > 1 && errno == EINVAL) {
    // This kernel does not take such super-packets: leave them off and write the packets on their own.
    (run.isUdp() ? tun.offloads.udp : tun.offloads.tcp) = false;
    for (uint32_t packet = 0; packet < packets; packet++) {
      vectors = run.vectorsOf(packet, &count);
      taken += put(tun.fd, vectors, count) ? 1 : 0;
    }
  }
  run.clear();
  return taken;
}

uint32_t writeOffloaded(Tun& tun, const OutgoingPacket& packet) {
  if (!tun.run.isEmpty() && tun.run.append(packet)) return 0;
  const uint32_t taken = flush(tun);
  tun.run.begin(packet, tun.offloads);
  return taken;
}

// Without virtio header the kernel expects finished packets.
uint32_t writePlain(const Tun& tun, uint8_t* bytes, const OutgoingPacket& packet) {
  if (packet.isPartial) {
    completeChecksum(bytes, packet.length, packet.ip.headerBytes, checksumOffset(packet.ip.transport));
  }
  const iovec vector = {bytes, packet.length};
  return put(tun.fd, &vector, 1) ? 1 : 0;
}

uint32_t writeFrame(const Tun& tun, uint8_t* bytes, size_t length) {
  const iovec vector = {bytes, length};
  return length >= kEthernetHeaderBytes && put(tun.fd, &vector, 1) ? 1 : 0;
}

}  // namespace

// tunWrite(tun, batch, count): packets taken
napi_value tunWrite(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Tun* tun = call.resource<Tun>(0, "tun");
  Batch* batch = call.resource<Batch>(1, "batch");
  if (!call.ok()) return nullptr;
  const auto count = static_cast<uint32_t>(call.integer(2, "count", 0, batch->capacity));
  if (!call.ok()) return nullptr;

  uint32_t taken = 0;
  for (uint32_t row = 0; row < count; row++) {
    if (batch->verdict[row] != verdict::deliver) continue;
    if (!batch->holds(row)) {
      tun->run.clear();
      return throwRange(env, "row %u: offset or length outside the arena", row);
    }
    uint8_t* bytes = batch->bytes(row);
    const auto length = static_cast<size_t>(batch->length[row]);
    if (tun->isTap) {
      taken += writeFrame(*tun, bytes, length);
      continue;
    }
    OutgoingPacket packet;
    if (!outgoingPacket(bytes, length, batch->flags[row], &packet)) continue;
    taken += tun->hasVnetHeader ? writeOffloaded(*tun, packet) : writePlain(*tun, bytes, packet);
  }
  taken += flush(*tun);
  return number(env, taken);
}

}  // namespace resip

#include <errno.h>

#include <algorithm>

#include "mask.h"
#include "udp.h"

namespace resip {

namespace {

// One message of a UDP_GRO socket is up to 64 KiB and holds up to 128 datagrams (UDP_MAX_SEGMENTS).
constexpr size_t kGroBytes = 65535;
constexpr uint32_t kGroRows = 128;
// Without it: a datagram of a jumbo frame. Longer ones are cut off by the kernel and dropped.
constexpr size_t kPlainBytes = 9216;

// Small messages move together, so that a batch of them stays in the cache and does not use up the arena.
constexpr size_t kMovedBytes = 2048;

// ICMP errors that wait on the socket come out of recvmsg one by one; they must not stop reception.
constexpr int kMaxErrors = 16;

struct Receiver {
  Udp& udp;
  Batch& batch;
  const int32_t socket;
  uint32_t count;
  size_t end;
  uint32_t trains;

  size_t slotBytes() const { return udp.gro ? kGroBytes : kPlainBytes; }
  uint32_t slotRows() const { return udp.gro ? kGroRows : 1; }

  // Messages that certainly fit rows, arena and trains.
  uint32_t room() const {
    const size_t byBytes = (batch.arenaBytes - end) / slotBytes();
    const uint32_t byRows = (batch.capacity - count) / slotRows();
    return static_cast<uint32_t>(std::min<size_t>({byBytes, byRows, batch.trains - trains, ReceiveScratch::kMessages}));
  }

  int receive(ReceiveScratch& scratch, uint32_t messages);
  void admit(const ReceiveScratch& scratch, uint32_t message, size_t bytes);

 private:
  int32_t trainOf(const int32_t* words);
};

int Receiver::receive(ReceiveScratch& scratch, uint32_t messages) {
  for (uint32_t i = 0; i < messages; i++) {
    scratch.vectors[i] = {batch.arena + end + i * slotBytes(), slotBytes()};
    msghdr& header = scratch.headers[i].msg_hdr;
    header = {};
    header.msg_name = &scratch.senders[i];
    header.msg_namelen = sizeof scratch.senders[i];
    header.msg_iov = &scratch.vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = scratch.control[i];
    header.msg_controllen = ReceiveScratch::kControlBytes;
  }
  if (messages > 1) return recvmmsg(udp.fd, scratch.headers, messages, 0, nullptr);
  const ssize_t bytes = recvmsg(udp.fd, &scratch.headers[0].msg_hdr, 0);
  scratch.headers[0].msg_len = static_cast<uint32_t>(bytes);
  return bytes < 0 ? -1 : 1;
}

// Neighbours from one sender share a train.
int32_t Receiver::trainOf(const int32_t* words) {
  if (trains > 0) {
    const uint32_t last = trains - 1;
    if (batch.trainSocket[last] == socket &&
        memcmp(batch.trainAddress + last * kAddressWords, words, kAddressWords * sizeof(int32_t)) == 0) {
      return static_cast<int32_t>(last);
    }
  }
  batch.trainSocket[trains] = socket;
  memcpy(batch.trainAddress + trains * kAddressWords, words, kAddressWords * sizeof(int32_t));
  return static_cast<int32_t>(trains++);
}

void Receiver::admit(const ReceiveScratch& scratch, uint32_t message, size_t bytes) {
  const msghdr& header = scratch.headers[message].msg_hdr;
  int32_t words[kAddressWords];
  wordsFromRemote(scratch.senders[message], words);
  size_t segment = bytes;
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(const_cast<msghdr*>(&header), control)) {
    if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO) {
      int size;
      memcpy(&size, CMSG_DATA(control), sizeof size);
      if (size > 0) segment = static_cast<size_t>(size);
    } else {
      wordsFromControl(control, words);
    }
  }

  auto* from = static_cast<uint8_t*>(scratch.vectors[message].iov_base);
  uint8_t* to = batch.arena + end;
  if (to != from) {
    if (bytes <= kMovedBytes) {
      memmove(to, from, bytes);
    } else {
      end = static_cast<size_t>(from - batch.arena);
    }
  }
  const int32_t train = trainOf(words);
  const uint8_t verdict = (header.msg_flags & MSG_TRUNC) != 0 ? verdict::drop : verdict::received;
  // An empty datagram is a row as well, so that it is counted.
  size_t at = 0;
  do {
    if (count == batch.capacity) break;
    const size_t length = std::min(segment, bytes - at);
    batch.place(count, end + at, length, 0);
    batch.train[count] = train;
    batch.verdict[count] = verdict;
    count++;
    at += length;
  } while (at < bytes);
  end += bytes;
}

}  // namespace

// udpReceive(socket, batch, mask, count, end, trainCount): count * 2^32 + end
napi_value udpReceive(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int32_t socket = call.handle(0, "socket");
  Udp* udp = call.resource<Udp>(0, "socket");
  Batch* batch = call.resource<Batch>(1, "batch");
  Mask* mask = call.resource<Mask>(2, "mask");
  if (!call.ok()) return nullptr;
  const auto count = static_cast<uint32_t>(call.integer(3, "count", 0, batch->capacity));
  const auto end = static_cast<size_t>(call.integer(4, "end", 0, static_cast<int64_t>(batch->arenaBytes)));
  const auto trains = static_cast<uint32_t>(call.integer(5, "trainCount", 0, batch->trains));
  if (!call.ok()) return nullptr;

  Receiver receiver{*udp, *batch, socket, count, end, trains};
  if (count == 0 && end == 0 && receiver.room() == 0) {
    return throwRange(env, "batch: receiving takes %zu bytes of arena and %u rows at least", receiver.slotBytes(),
                      receiver.slotRows());
  }
  auto& scratch = call.environment().receiveScratch;
  if (!scratch) scratch = std::make_unique<ReceiveScratch>();
  int errors = 0;
  for (;;) {
    const uint32_t room = receiver.room();
    if (room == 0) break;
    const int messages = receiver.receive(*scratch, room);
    if (messages < 0) {
      if (errno == EAGAIN || ++errors > kMaxErrors) break;
      continue;
    }
    for (int i = 0; i < messages; i++) {
      receiver.admit(*scratch, static_cast<uint32_t>(i), scratch->headers[i].msg_len);
    }
    // Fewer than asked for: the queue is empty.
    if (static_cast<uint32_t>(messages) < room && room > 1) break;
  }
  unmaskRows(*mask, *batch, count, receiver.count);
  return pair(env, receiver.count, static_cast<uint32_t>(receiver.end));
}

}  // namespace resip

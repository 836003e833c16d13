#include <errno.h>

#include "udp-transmit.h"

namespace resip {

namespace {

using Message = SendQueue::Message;

// Makes messages of the rows of one call.
class Sender {
 public:
  Sender(Environment& environment, Batch& batch, PathTable& table, SendQueue& queue)
      : environment_(environment), batch_(batch), table_(table), queue_(queue), transmitter_(batch, queue) {}

  // Queues rows from … to (those with SEND) for every destination they have; it is one and the same for all of them.
  void addRun(uint32_t from, uint32_t to);
  // What is left in the queue; returns the copies that the kernel took.
  double finish() {
    transmitter_.flush();
    return transmitter_.taken();
  }

 private:
  void addCopies(const int32_t* address, int32_t socket, int32_t* path, uint32_t from, uint32_t to);
  Message* begin(Udp* socket, int32_t* path, const int32_t* address);
  void refuse(int32_t* path, uint32_t from, uint32_t to, int error);

  Environment& environment_;
  Batch& batch_;
  PathTable& table_;
  SendQueue& queue_;
  Transmitter transmitter_;
};

void Sender::addRun(uint32_t from, uint32_t to) {
  const int32_t train = batch_.train[from];
  if (train >= 0) {
    const int32_t* address = batch_.trainAddress + static_cast<size_t>(train) * kAddressWords;
    addCopies(address, batch_.trainSocket[train], nullptr, from, to);
    return;
  }
  for (uint32_t p = 0, mask = batch_.pathMask[from]; mask != 0; p++, mask >>= 1) {
    if ((mask & 1) == 0) continue;
    const size_t row = static_cast<size_t>(batch_.peer[from]) * kPathsPerPeer + p;
    int32_t* path = table_.words + row * kPathWords;
    addCopies(path + kPathAddress, path[kPathSocket], path, from, to);
  }
}

// A message is one datagram, or as many of equal size (the last may be shorter) as one segmented send takes.
void Sender::addCopies(const int32_t* address, int32_t handle, int32_t* path, uint32_t from, uint32_t to) {
  Udp* socket = environment_.handles.find<Udp>(handle);
  if (socket == nullptr) {
    refuse(path, from, to, EBADF);
    return;
  }
  Message* message = nullptr;
  size_t bytes = 0;
  bool isClosed = true;
  for (uint32_t row = from; row < to; row++) {
    if (batch_.verdict[row] != verdict::send) continue;
    const auto length = static_cast<size_t>(batch_.length[row]);
    const bool joins = !isClosed && socket->segmentation && length <= message->segmentBytes && length > 0 &&
                       message->rows < SendQueue::kMaxSegments && bytes + length <= SendQueue::kMaxBytes &&
                       queue_.vectorCount < SendQueue::kMaxVectors;
    if (!joins) {
      message = begin(socket, path, address);
      if (message == nullptr) {
        refuse(path, from, to, EDESTADDRREQ);
        return;
      }
      message->firstRow = row;
      message->segmentBytes = static_cast<uint32_t>(length);
      bytes = 0;
    }
    uint8_t* start = batch_.bytes(row);
    iovec* last = message->vectors > 0 ? &queue_.vectors[queue_.vectorCount - 1] : nullptr;
    if (last != nullptr && static_cast<uint8_t*>(last->iov_base) + last->iov_len == start) {
      last->iov_len += length;
    } else {
      queue_.vectors[queue_.vectorCount++] = {start, length};
      message->vectors++;
    }
    message->rows++;
    message->bytes += length;
    bytes += length;
    isClosed = length < message->segmentBytes;
  }
}

Message* Sender::begin(Udp* socket, int32_t* path, const int32_t* address) {
  if (queue_.messageCount == SendQueue::kMaxMessages || queue_.vectorCount == SendQueue::kMaxVectors) {
    transmitter_.flush();
  }
  Message& message = queue_.messages[queue_.messageCount];
  if (!remoteFromWords(address, socket->family, &message.endpoint)) return nullptr;
  message.socket = socket;
  message.path = path;
  message.address = address;
  message.rows = 0;
  message.bytes = 0;
  message.firstVector = queue_.vectorCount;
  message.vectors = 0;
  message.isSent = false;
  message.controlBytes = 0;
  if (hasLocal(address)) {
    message.controlBytes = putLocal(address, socket->family, reinterpret_cast<cmsghdr*>(message.control));
  }
  queue_.messageCount++;
  return &message;
}

// The rows have nowhere to go: no open socket, or no address.
void Sender::refuse(int32_t* path, uint32_t from, uint32_t to, int error) {
  if (path == nullptr) return;
  uint32_t rows = 0;
  for (uint32_t row = from; row < to; row++) rows += batch_.verdict[row] == verdict::send ? 1 : 0;
  path[kPathFailed] = static_cast<int32_t>(static_cast<uint32_t>(path[kPathFailed]) + rows);
  path[kPathErrno] = error;
}

// False throws: the row is outside the arena, the path table or the trains.
bool isSendable(napi_env env, const Batch& batch, const PathTable& table, uint32_t row) {
  if (!batch.holds(row)) {
    throwRange(env, "row %u: offset or length outside the arena", row);
    return false;
  }
  const int32_t train = batch.train[row];
  if (train >= 0 && static_cast<uint32_t>(train) >= batch.trains) {
    throwRange(env, "row %u: train %d of %u", row, train, batch.trains);
    return false;
  }
  const int32_t peer = batch.peer[row];
  if (train < 0 && (peer < 0 || static_cast<uint32_t>(peer) >= table.rows / kPathsPerPeer)) {
    throwRange(env, "row %u: peer %d of %u", row, peer, table.rows / kPathsPerPeer);
    return false;
  }
  return true;
}

bool haveOneDestination(const Batch& batch, uint32_t a, uint32_t b) {
  if (batch.train[a] != batch.train[b]) return false;
  return batch.train[a] >= 0 || (batch.peer[a] == batch.peer[b] && batch.pathMask[a] == batch.pathMask[b]);
}

}  // namespace

// udpSend(batch, table, count): copies taken
napi_value udpSend(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Batch* batch = call.resource<Batch>(0, "batch");
  PathTable* table = call.resource<PathTable>(1, "table");
  if (!call.ok()) return nullptr;
  const auto count = static_cast<uint32_t>(call.integer(2, "count", 0, batch->capacity));
  if (!call.ok()) return nullptr;
  for (uint32_t row = 0; row < count; row++) {
    if (batch->verdict[row] == verdict::send && !isSendable(env, *batch, *table, row)) return nullptr;
  }

  auto& queue = call.environment().sendQueue;
  if (!queue) queue = std::make_unique<SendQueue>();
  Sender sender(call.environment(), *batch, *table, *queue);
  uint32_t from = 0;
  while (from < count) {
    if (batch->verdict[from] != verdict::send) {
      from++;
      continue;
    }
    uint32_t to = from + 1;
    while (to < count && (batch->verdict[to] != verdict::send || haveOneDestination(*batch, from, to))) to++;
    sender.addRun(from, to);
    from = to;
  }
  return number(env, sender.finish());
}

}  // namespace resip

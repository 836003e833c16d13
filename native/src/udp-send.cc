#include <errno.h>

#include "udp.h"

namespace resip {

namespace {

using Message = SendQueue::Message;

// The queue is full, the datagram is dropped as in any router. Says nothing about the path.
bool isCongestion(int error) {
  return error == EAGAIN || error == ENOBUFS || error == ENOMEM;
}

// The local address or interface that the datagram was to leave from does not exist (any more).
bool isAboutLocal(int error) {
  return error == EINVAL || error == ENODEV || error == EADDRNOTAVAIL || error == ENETUNREACH;
}

// Collects the rows of one call into messages and sends them, socket by socket.
class Sender {
 public:
  Sender(Environment& environment, Batch& batch, PathTable& table, SendQueue& queue)
      : environment_(environment), batch_(batch), table_(table), queue_(queue) {}

  // Queues rows from … to (those with SEND) for every destination they have; false: row outside the path table.
  void addRun(uint32_t from, uint32_t to);
  void flush();
  double taken() const { return taken_; }

 private:
  void addCopies(const int32_t* address, int32_t socket, int32_t* path, uint32_t from, uint32_t to);
  Message* begin(Udp* socket, int32_t* path, const int32_t* address);
  void refuse(int32_t* path, uint32_t from, uint32_t to, int error);
  uint32_t collect(Udp* socket);
  void sendAll(Udp* socket, uint32_t count);
  void recover(Message& message, int error);
  int sendRow(const Message& message, uint32_t row, bool withLocal);
  void account(const Message& message, uint32_t sent, uint64_t sentBytes, int error);

  Environment& environment_;
  Batch& batch_;
  PathTable& table_;
  SendQueue& queue_;
  double taken_ = 0;
};

void putSegmentSize(Message& message) {
  auto* control = reinterpret_cast<cmsghdr*>(message.control + message.controlBytes);
  control->cmsg_level = IPPROTO_UDP;
  control->cmsg_type = UDP_SEGMENT;
  control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
  const auto size = static_cast<uint16_t>(message.segmentBytes);
  memcpy(CMSG_DATA(control), &size, sizeof size);
  message.controlBytes += CMSG_SPACE(sizeof size);
}

void Sender::addRun(uint32_t from, uint32_t to) {
  const int32_t train = batch_.train[from];
  if (train >= 0) {
    addCopies(batch_.trainAddress + static_cast<size_t>(train) * kAddressWords, batch_.trainSocket[train], nullptr, from, to);
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
  if (queue_.messageCount == SendQueue::kMaxMessages || queue_.vectorCount == SendQueue::kMaxVectors) flush();
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

void Sender::flush() {
  for (uint32_t i = 0; i < queue_.messageCount; i++) {
    if (queue_.messages[i].isSent) continue;
    Udp* socket = queue_.messages[i].socket;
    sendAll(socket, collect(socket));
  }
  queue_.messageCount = 0;
  queue_.vectorCount = 0;
}

// All messages of one socket, in order.
uint32_t Sender::collect(Udp* socket) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < queue_.messageCount; i++) {
    Message& message = queue_.messages[i];
    if (message.isSent || message.socket != socket) continue;
    message.isSent = true;
    if (message.rows > 1) putSegmentSize(message);
    msghdr& header = queue_.headers[count].msg_hdr;
    header = {};
    header.msg_name = &message.endpoint.remote;
    header.msg_namelen = message.endpoint.remoteBytes;
    header.msg_iov = queue_.vectors + message.firstVector;
    header.msg_iovlen = message.vectors;
    header.msg_control = message.controlBytes > 0 ? message.control : nullptr;
    header.msg_controllen = message.controlBytes;
    queue_.order[count++] = i;
  }
  return count;
}

void Sender::sendAll(Udp* socket, uint32_t count) {
  uint32_t next = 0;
  while (next < count) {
    const uint32_t left = count - next;
    int sent;
    if (left == 1) {
      sent = sendmsg(socket->fd, &queue_.headers[next].msg_hdr, MSG_NOSIGNAL) < 0 ? -1 : 1;
    } else {
      sent = sendmmsg(socket->fd, queue_.headers + next, left, MSG_NOSIGNAL);
    }
    const int error = errno;
    for (int i = 0; i < sent; i++) {
      const Message& message = queue_.messages[queue_.order[next++]];
      account(message, message.rows, message.bytes, 0);
    }
    if (sent >= 0) continue;
    // The first message of the rest failed, nothing was sent.
    if (error == EINTR) continue;
    Message& message = queue_.messages[queue_.order[next++]];
    if (isCongestion(error)) {
      account(message, 0, 0, 0);
      // What follows would meet the same full queue.
      for (; error == EAGAIN && next < count; next++) {
        const Message& dropped = queue_.messages[queue_.order[next]];
        account(dropped, 0, 0, 0);
      }
    } else {
      recover(message, error);
    }
  }
}

// A send was refused. What is to blame decides: the segmentation (EIO, EINVAL: no checksum offload below), the local
// address (it is gone), one datagram's size (EMSGSIZE; older kernels say EINVAL of a segmented send) or the path.
void Sender::recover(Message& message, int error) {
  const bool isSegmented = message.rows > 1;
  const bool hadLocal = hasLocal(message.address);
  const bool blamesSegments = isSegmented && (error == EIO || error == EINVAL || error == EMSGSIZE);
  if (!blamesSegments && !(hadLocal && isAboutLocal(error))) {
    account(message, 0, 0, error);
    return;
  }
  uint32_t sent = 0;
  uint64_t sentBytes = 0;
  int lastError = 0;
  bool withLocal = hadLocal;
  for (uint32_t row = message.firstRow, left = message.rows; left > 0; row++) {
    if (batch_.verdict[row] != verdict::send) continue;
    left--;
    int outcome = sendRow(message, row, withLocal);
    if (withLocal && isAboutLocal(outcome)) {
      outcome = sendRow(message, row, false);
      withLocal = outcome != 0;
    }
    if (outcome == 0) {
      sent++;
      sentBytes += static_cast<uint64_t>(batch_.length[row]);
    } else if (!isCongestion(outcome)) {
      lastError = outcome;
    }
  }
  const bool lostLocal = hadLocal && !withLocal;
  // The kernel chooses from now on, until the peer is heard again.
  if (lostLocal && message.path != nullptr) clearLocal(message.path + kPathAddress);
  const bool wasSegmentation = error == EIO || (error == EINVAL && !lostLocal && lastError != EMSGSIZE);
  if (isSegmented && sent > 0 && wasSegmentation) message.socket->segmentation = false;
  account(message, sent, sentBytes, lastError);
}

// 0 or errno.
int Sender::sendRow(const Message& message, uint32_t row, bool withLocal) {
  iovec vector = {batch_.bytes(row), static_cast<size_t>(batch_.length[row])};
  alignas(cmsghdr) uint8_t control[kLocalControlBytes];
  msghdr header = {};
  header.msg_name = const_cast<SocketAddress*>(&message.endpoint.remote);
  header.msg_namelen = message.endpoint.remoteBytes;
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  if (withLocal) {
    header.msg_control = control;
    header.msg_controllen = putLocal(message.address, message.socket->family, reinterpret_cast<cmsghdr*>(control));
  }
  return sendmsg(message.socket->fd, &header, MSG_NOSIGNAL) < 0 ? errno : 0;
}

// A 64-bit counter in two words, low first.
void count64(int32_t* words, uint64_t more) {
  uint64_t count;
  memcpy(&count, words, sizeof count);
  count += more;
  memcpy(words, &count, sizeof count);
}

// The rows of the message that were not sent have failed.
void Sender::account(const Message& message, uint32_t sent, uint64_t sentBytes, int error) {
  taken_ += sent;
  int32_t* path = message.path;
  if (path == nullptr) return;
  path[kPathSent] = static_cast<int32_t>(static_cast<uint32_t>(path[kPathSent]) + sent);
  path[kPathFailed] = static_cast<int32_t>(static_cast<uint32_t>(path[kPathFailed]) + message.rows - sent);
  count64(path + kPathSentBytes, sentBytes);
  if (error != 0) path[kPathErrno] = error;
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
  sender.flush();
  return number(env, sender.taken());
}

}  // namespace resip

#include "udp-transmit.h"

#include <errno.h>

namespace resip {

namespace {

// The queue is full, the datagram is dropped as in any router. Says nothing about the path.
bool isCongestion(int error) {
  return error == EAGAIN || error == ENOBUFS || error == ENOMEM;
}

// The local address or interface that the datagram was to leave from does not exist (any more).
bool isAboutLocal(int error) {
  return error == EINVAL || error == ENODEV || error == EADDRNOTAVAIL || error == ENETUNREACH;
}

void putSegmentSize(SendQueue::Message& message) {
  auto* control = reinterpret_cast<cmsghdr*>(message.control + message.controlBytes);
  control->cmsg_level = IPPROTO_UDP;
  control->cmsg_type = UDP_SEGMENT;
  control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
  const auto size = static_cast<uint16_t>(message.segmentBytes);
  memcpy(CMSG_DATA(control), &size, sizeof size);
  message.controlBytes += CMSG_SPACE(sizeof size);
}

// A 64-bit counter in two words, low first.
void count64(int32_t* words, uint64_t more) {
  uint64_t count;
  memcpy(&count, words, sizeof count);
  count += more;
  memcpy(words, &count, sizeof count);
}

}  // namespace

void Transmitter::flush() {
  for (uint32_t i = 0; i < queue_.messageCount; i++) {
    if (queue_.messages[i].isSent) continue;
    Udp* socket = queue_.messages[i].socket;
    sendAll(socket, collect(socket));
  }
  queue_.messageCount = 0;
  queue_.vectorCount = 0;
}

// All messages of one socket, in order.
uint32_t Transmitter::collect(Udp* socket) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < queue_.messageCount; i++) {
    SendQueue::Message& message = queue_.messages[i];
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

void Transmitter::sendAll(Udp* socket, uint32_t count) {
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
      const SendQueue::Message& message = queue_.messages[queue_.order[next++]];
      account(message, message.rows, message.bytes, 0);
    }
    if (sent >= 0) continue;
    // The first message of the rest failed, nothing was sent.
    if (error == EINTR) continue;
    SendQueue::Message& message = queue_.messages[queue_.order[next++]];
    if (isCongestion(error)) {
      account(message, 0, 0, 0);
      // What follows would meet the same full queue.
      for (; error == EAGAIN && next < count; next++) {
        const SendQueue::Message& dropped = queue_.messages[queue_.order[next]];
        account(dropped, 0, 0, 0);
      }
    } else {
      recover(message, error);
    }
  }
}

// A send was refused. What is to blame decides: the segmentation (EIO, EINVAL: no checksum offload below), the local
// address (it is gone), one datagram's size (EMSGSIZE; older kernels say EINVAL of a segmented send) or the path.
void Transmitter::recover(SendQueue::Message& message, int error) {
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
int Transmitter::sendRow(const SendQueue::Message& message, uint32_t row, bool withLocal) {
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

// The rows of the message that were not sent have failed.
void Transmitter::account(const SendQueue::Message& message, uint32_t sent, uint64_t sentBytes, int error) {
  taken_ += sent;
  int32_t* path = message.path;
  if (path == nullptr) return;
  path[kPathSent] = static_cast<int32_t>(static_cast<uint32_t>(path[kPathSent]) + sent);
  path[kPathFailed] = static_cast<int32_t>(static_cast<uint32_t>(path[kPathFailed]) + message.rows - sent);
  count64(path + kPathSentBytes, sentBytes);
  if (error != 0) path[kPathErrno] = error;
}

}  // namespace resip

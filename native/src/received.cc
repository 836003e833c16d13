#include "received.h"

#include <algorithm>
#include <cstring>

namespace resip {

namespace {

// Small messages move together, so that a batch of them stays in the cache and does not use up the arena.
constexpr size_t kMovedBytes = 2048;

// Bytes of each datagram in a UDP_GRO message; 0 = the message is one.
size_t segmentOf(const cmsghdr* control) {
  int size = 0;
  if (control->cmsg_level != IPPROTO_UDP || control->cmsg_type != UDP_GRO || !controlData(control, &size)) return 0;
  return size > 0 ? static_cast<size_t>(size) : 0;
}

}  // namespace

uint32_t Receiver::room() const {
  const size_t byBytes = (rows_.arenaBytes - end_) / slotBytes();
  const uint32_t byRows = (rows_.capacity - count_) / slotRows();
  return static_cast<uint32_t>(
      std::min<size_t>({byBytes, byRows, rows_.trains - trains_, ReceiveScratch::kMessages}));
}

void Receiver::prepare(ReceiveScratch& scratch, uint32_t messages) const {
  for (uint32_t i = 0; i < messages; i++) {
    scratch.vectors[i] = {rows_.arena + end_ + i * slotBytes(), slotBytes()};
    msghdr& header = scratch.headers[i].msg_hdr;
    header = {};
    header.msg_name = &scratch.senders[i];
    header.msg_namelen = sizeof scratch.senders[i];
    header.msg_iov = &scratch.vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = scratch.control[i];
    header.msg_controllen = ReceiveScratch::kControlBytes;
  }
}

void Receiver::admit(const ReceiveScratch& scratch, uint32_t messages) {
  for (uint32_t i = 0; i < messages; i++) admitOne(scratch, i);
}

void Receiver::admitOne(const ReceiveScratch& scratch, uint32_t message) {
  const msghdr& header = scratch.headers[message].msg_hdr;
  const size_t bytes = scratch.headers[message].msg_len;
  int32_t words[kAddressWords];
  wordsFromRemote(scratch.senders[message], words);
  size_t segment = 0;
  const auto* controlEnd = static_cast<const uint8_t*>(header.msg_control) + header.msg_controllen;
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(const_cast<msghdr*>(&header), control)) {
    if (control->cmsg_len > static_cast<size_t>(controlEnd - reinterpret_cast<const uint8_t*>(control))) break;
    wordsFromControl(control, words);
    segment = std::max(segment, segmentOf(control));
  }
  if (segment == 0) segment = bytes;

  const size_t start = place(scratch.vectors[message], bytes);
  const int32_t train = trainOf(words);
  const uint8_t verdict = (header.msg_flags & MSG_TRUNC) != 0 ? verdict::drop : verdict::received;
  // An empty datagram is a row as well, so that it is counted.
  size_t at = 0;
  do {
    if (count_ == rows_.capacity) break;
    const size_t length = std::min(segment, bytes - at);
    rows_.place(count_, start + at, length, 0);
    rows_.train[count_] = train;
    rows_.verdict[count_] = verdict;
    count_++;
    at += length;
  } while (at < bytes);
  end_ = start + bytes;
}

// Where the bytes of the message stand from now on: a small one closes up with what is before it.
size_t Receiver::place(const iovec& slot, size_t bytes) {
  auto* from = static_cast<uint8_t*>(slot.iov_base);
  uint8_t* to = rows_.arena + end_;
  if (to == from) return end_;
  if (bytes > kMovedBytes) return static_cast<size_t>(from - rows_.arena);
  memmove(to, from, bytes);
  return end_;
}

// Neighbours from one sender share a train.
int32_t Receiver::trainOf(const int32_t* words) {
  if (trains_ > 0) {
    const uint32_t last = trains_ - 1;
    if (rows_.trainSocket[last] == socket_ &&
        memcmp(rows_.trainAddress + last * kAddressWords, words, kAddressWords * sizeof(int32_t)) == 0) {
      return static_cast<int32_t>(last);
    }
  }
  rows_.trainSocket[trains_] = socket_;
  memcpy(rows_.trainAddress + trains_ * kAddressWords, words, kAddressWords * sizeof(int32_t));
  return static_cast<int32_t>(trains_++);
}

}  // namespace resip

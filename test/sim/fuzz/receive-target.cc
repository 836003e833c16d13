// One input of the fuzzer: what the kernel hands over in several recvmmsg calls, laid into a batch and unmasked. Arena, columns and
// trains are heap blocks of their exact size.
//
// Format: GRO (bit 0) ‖ rows / 8 ‖ trains ‖ slots in the arena ‖ rounds. A round: messages ‖ message … A message: flags (bit 0
// cut off, bits 1-2 sender: none, IPv4, IPv6, mapped; bit 3 a length of two bytes follows, else one) ‖ length ‖ sender's last
// byte ‖ control bytes ‖ that many bytes of control messages ‖ payload. What an input does not say is 0.
#include <sanitizer/asan_interface.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "../../../native/src/mask.h"
#include "../../../native/src/received.h"

using namespace resip;

namespace {

constexpr uint32_t kMaxRounds = 8;

void require(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

struct Input {
  const uint8_t* bytes;
  size_t size;

  uint8_t byte() {
    if (size == 0) return 0;
    size--;
    return *bytes++;
  }
  // Fewer when there are no more.
  size_t copy(void* to, size_t count) {
    count = std::min(count, size);
    if (count > 0) memcpy(to, bytes, count);
    bytes += count;
    size -= count;
    return count;
  }
};

// A message as it left the kernel, to be found again in the rows.
struct Message {
  std::vector<uint8_t> bytes;
  bool isCut;
};

void setSender(SocketAddress& sender, uint8_t kind, uint8_t last) {
  sender = {};
  if (kind == 0) return;
  const uint16_t port = htons(static_cast<uint16_t>(4600 + (last & 3)));
  if (kind == 1) {
    sender.v4.sin_family = AF_INET;
    sender.v4.sin_port = port;
    sender.v4.sin_addr.s_addr = htonl(0xc0000200 + last);
    return;
  }
  sender.v6.sin6_family = AF_INET6;
  sender.v6.sin6_port = port;
  uint8_t* address = sender.v6.sin6_addr.s6_addr;
  if (kind == 3) address[10] = address[11] = 0xff;
  else address[0] = 0x20;
  address[15] = last;
}

// What the kernel does with message `i` of the scratch.
Message fill(ReceiveScratch& scratch, uint32_t i, Input& input) {
  msghdr& header = scratch.headers[i].msg_hdr;
  const uint8_t flags = input.byte();
  size_t length = input.byte();
  if ((flags & 8) != 0) length = length << 8 | input.byte();
  length = std::min(length, header.msg_iov->iov_len);
  setSender(scratch.senders[i], flags >> 1 & 3, input.byte());
  // The kernel fills no more than it was given, and says how much of it.
  const size_t control = std::min<size_t>(input.byte(), header.msg_controllen);
  header.msg_controllen = input.copy(header.msg_control, control);
  // What is behind may not be looked at.
  ASAN_POISON_MEMORY_REGION(scratch.control[i] + header.msg_controllen,
                            ReceiveScratch::kControlBytes - header.msg_controllen);
  header.msg_flags = (flags & 1) != 0 ? MSG_TRUNC : 0;
  auto* slot = static_cast<uint8_t*>(header.msg_iov->iov_base);
  memset(slot, 0, length);
  input.copy(slot, length);
  scratch.headers[i].msg_len = static_cast<uint32_t>(length);
  return {std::vector<uint8_t>(slot, slot + length), (flags & 1) != 0};
}

// Row by row the datagrams are the messages, nothing overlaps, and each row knows a train that is there.
void check(const Rows& rows, uint32_t count, size_t end, const std::vector<Message>& messages) {
  uint32_t row = 0;
  size_t behind = 0;
  for (const Message& message : messages) {
    size_t at = 0;
    do {
      if (row == count) {
        require(count == rows.capacity, "a datagram without a row, with rows left");
        return;
      }
      require(rows.holds(row), "a row outside the arena");
      require(static_cast<size_t>(rows.offset[row]) >= behind, "rows overlap");
      const auto length = static_cast<size_t>(rows.length[row]);
      require(length <= message.bytes.size() - at, "a row longer than its message");
      require(length > 0 || message.bytes.empty(), "an empty row inside of a message");
      require(length == 0 || memcmp(rows.bytes(row), message.bytes.data() + at, length) == 0, "other bytes than came");
      require((rows.verdict[row] == verdict::drop) == message.isCut, "the verdict is not the message's");
      const int32_t train = rows.train[row];
      require(train >= 0 && static_cast<uint32_t>(train) < rows.trains, "a row without a train");
      require(rows.trainSocket[train] == 7, "a train of another socket");
      require(row == 0 || train == rows.train[row - 1] || train == rows.train[row - 1] + 1, "trains out of order");
      behind = static_cast<size_t>(rows.offset[row]) + length;
      at += length;
      row++;
    } while (at < message.bytes.size());
  }
  require(row == count, "more rows than datagrams");
  require(behind <= end && end <= rows.arenaBytes, "the end is not the end");
}

void checkUnmasked(Rows& rows, uint32_t count) {
  static Mask mask(EVP_CIPHER_CTX_new());
  std::vector<std::vector<uint8_t>> before;
  for (uint32_t row = 0; row < count; row++) before.emplace_back(rows.bytes(row), rows.bytes(row) + rows.length[row]);
  unmaskRows(mask, rows, 0, count);
  for (uint32_t row = 0; row < count; row++) {
    const std::vector<uint8_t>& was = before[row];
    if (rows.verdict[row] == verdict::drop) continue;
    require(rows.verdict[row] == verdict::received && was.size() >= kShortestDatagramBytes, "a short row goes on");
    for (size_t i = 0; i < was.size(); i++) {
      const uint8_t mask = i < kDatagramHeaderBytes ? was[was.size() - kTagBytes + i] ^ 0x5a : 0;
      require(rows.bytes(row)[i] == (was[i] ^ mask), "unmasked wrongly");
    }
    require(rows.type[row] == rows.bytes(row)[0], "the type is not the first byte");
  }
}

}  // namespace

extern "C" void runInput(const uint8_t* bytes, size_t size) {
  Input input{bytes, size};
  const bool gro = (input.byte() & 1) != 0;
  const uint32_t capacity = 8 * (1 + input.byte() % 64);
  const uint32_t trains = 1 + input.byte() % 32;
  const size_t slots = input.byte() % 6;
  const uint32_t rounds = input.byte() % kMaxRounds;
  const size_t arenaBytes = slots * (gro ? Receiver::kGroBytes : Receiver::kPlainBytes) + 1;
  // Not cleared: that would take longer than the rest.
  const std::unique_ptr<uint8_t[]> arena(new uint8_t[arenaBytes]);
  const auto columns = std::make_unique<double[]>(kColumnBytes * capacity / sizeof(double));
  const auto trainSocket = std::make_unique<int32_t[]>(trains);
  const auto trainAddress = std::make_unique<int32_t[]>(trains * kAddressWords);
  Rows rows(arena.get(), arenaBytes, reinterpret_cast<uint8_t*>(columns.get()), capacity, trainSocket.get(),
            trainAddress.get(), trains);

  Receiver receiver(rows, gro, 7, 0, 0, 0);
  const std::unique_ptr<ReceiveScratch> scratch(new ReceiveScratch);
  std::vector<Message> messages;
  for (uint32_t round = 0; round < rounds; round++) {
    const uint32_t room = receiver.room();
    if (room == 0) break;
    receiver.prepare(*scratch, room);
    const uint32_t count = std::min<uint32_t>(room, input.byte());
    for (uint32_t i = 0; i < count; i++) messages.push_back(fill(*scratch, i, input));
    receiver.admit(*scratch, count);
    ASAN_UNPOISON_MEMORY_REGION(scratch.get(), sizeof *scratch);
  }
  check(rows, receiver.count(), receiver.end(), messages);
  checkUnmasked(rows, receiver.count());
}

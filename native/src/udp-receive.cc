#include <errno.h>

#include "mask.h"
#include "received.h"
#include "udp.h"

namespace resip {

namespace {

// ICMP errors that wait on the socket come out of recvmsg one by one; they must not stop reception.
constexpr int kMaxErrors = 16;

// Messages that came, -1 with errno.
int receive(const Udp& udp, ReceiveScratch& scratch, uint32_t messages) {
  if (messages > 1) return recvmmsg(udp.fd, scratch.headers, messages, 0, nullptr);
  const ssize_t bytes = recvmsg(udp.fd, &scratch.headers[0].msg_hdr, 0);
  scratch.headers[0].msg_len = static_cast<uint32_t>(bytes);
  return bytes < 0 ? -1 : 1;
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

  Receiver receiver(*batch, udp->gro, socket, count, end, trains);
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
    receiver.prepare(*scratch, room);
    const int messages = receive(*udp, *scratch, room);
    if (messages < 0) {
      if (errno == EAGAIN || ++errors > kMaxErrors) break;
      continue;
    }
    receiver.admit(*scratch, static_cast<uint32_t>(messages));
    // Fewer than asked for: the queue is empty.
    if (static_cast<uint32_t>(messages) < room && room > 1) break;
  }
  unmaskRows(*mask, *batch, count, receiver.count());
  return pair(env, receiver.count(), static_cast<uint32_t>(receiver.end()));
}

}  // namespace resip

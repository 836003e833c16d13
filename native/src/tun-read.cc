#include <errno.h>
#include <unistd.h>

#include "tun.h"

namespace resip {

namespace {

constexpr size_t kFrameBytes = sizeof(VnetHeader) + kMaxPacketBytes;

struct Cursor {
  Batch& batch;
  uint32_t count;
  size_t end;

  bool fits(size_t length) const {
    return count < batch.capacity && end + kHeadroomBytes + length + kTailroomBytes <= batch.arenaBytes;
  }
  uint8_t* at() const { return batch.arena + end + kHeadroomBytes; }
  void place(size_t length, uint8_t flags) {
    batch.place(count++, end + kHeadroomBytes, length, flags);
    end += kHeadroomBytes + length + kTailroomBytes;
  }
};

void refuse(Tun& tun) {
  tun.nextSegment = 0;
  tun.pending.segments = 0;
  tun.refused++;
}

// Lays out what is pending; false when the batch is full before that.
bool layOut(Tun& tun, Cursor& cursor) {
  while (tun.hasPending()) {
    const size_t length = segmentLength(tun.pending, tun.nextSegment);
    if (!cursor.fits(length)) {
      if (cursor.count > 0 || cursor.end > 0) return false;
      // It will not fit the next time either.
      refuse(tun);
      return true;
    }
    const uint8_t flags = writeSegment(tun.pending, tun.nextSegment, cursor.at());
    tun.nextSegment++;
    cursor.place(length, flags);
  }
  return true;
}

// Parses what was read into `frame`.
void admit(Tun& tun, size_t bytes) {
  tun.nextSegment = 0;
  VnetHeader header = {};
  size_t headerBytes = 0;
  if (tun.hasVnetHeader) {
    headerBytes = sizeof header;
    memcpy(&header, tun.frame.get(), sizeof header);
  }
  const uint8_t* packet = tun.frame.get() + headerBytes;
  if (bytes <= headerBytes || !planSplit(header, packet, bytes - headerBytes, &tun.pending)) refuse(tun);
}

}  // namespace

// tunRead(tun, batch, count, end): count * 2^32 + end
napi_value tunRead(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Tun* tun = call.resource<Tun>(0, "tun");
  Batch* batch = call.resource<Batch>(1, "batch");
  if (!call.ok()) return nullptr;
  const auto count = static_cast<uint32_t>(call.integer(2, "count", 0, batch->capacity));
  const auto end = static_cast<size_t>(call.integer(3, "end", 0, static_cast<int64_t>(batch->arenaBytes)));
  if (!call.ok()) return nullptr;

  Cursor cursor{*batch, count, end};
  while (layOut(*tun, cursor) && cursor.fits(0)) {
    const ssize_t bytes = read(tun->fd, tun->frame.get(), kFrameBytes);
    if (bytes < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) break;
      // The device is gone (EBADFD). What was read before still counts; the next read tells.
      if (cursor.count == count) return throwSystem(env, "read", errno, tun->name);
      wakeAgain(tun);
      break;
    }
    admit(*tun, static_cast<size_t>(bytes));
  }
  // The kernel's queue may be empty while packets wait here: see that the callback comes again.
  if (tun->hasPending()) wakeAgain(tun);
  return pair(env, cursor.count, static_cast<uint32_t>(cursor.end));
}

}  // namespace resip

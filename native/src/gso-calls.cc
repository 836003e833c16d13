#include "gso-calls.h"

#include "batch.h"
#include "coalesce.h"
#include "split.h"

namespace resip {

namespace {

// [length of the frame 4][virtio header 10][packet]; false when `out` is full.
bool put(Run& run, uint8_t* out, size_t room, size_t* used) {
  if (run.isEmpty()) return true;
  uint32_t count;
  const iovec* vectors = run.vectors(&count);
  size_t bytes = 0;
  for (uint32_t i = 0; i < count; i++) bytes += vectors[i].iov_len;
  if (*used + 4 + bytes > room) return false;
  store32(out + *used, static_cast<uint32_t>(bytes));
  *used += 4;
  for (uint32_t i = 0; i < count; i++) {
    memcpy(out + *used, vectors[i].iov_base, vectors[i].iov_len);
    *used += vectors[i].iov_len;
  }
  run.clear();
  return true;
}

}  // namespace

// gsoSplit(frame, batch, count, end): count * 2^32 + end; refused frames and what does not fit add nothing
napi_value gsoSplit(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const Bytes frame = call.bytes(0, "frame");
  Batch* batch = call.resource<Batch>(1, "batch");
  if (!call.ok()) return nullptr;
  auto count = static_cast<uint32_t>(call.integer(2, "count", 0, batch->capacity));
  auto end = static_cast<size_t>(call.integer(3, "end", 0, static_cast<int64_t>(batch->arenaBytes)));
  if (!call.ok()) return nullptr;
  VnetHeader header;
  SplitPlan plan = {};
  if (frame.length > sizeof header && frame.length <= sizeof header + kMaxPacketBytes) {
    memcpy(&header, frame.data, sizeof header);
    if (!planSplit(header, frame.data + sizeof header, frame.length - sizeof header, &plan)) plan.segments = 0;
  }
  for (uint32_t segment = 0; segment < plan.segments; segment++) {
    const size_t length = segmentLength(plan, segment);
    if (count == batch->capacity || end + kHeadroomBytes + length + kTailroomBytes > batch->arenaBytes) break;
    const uint8_t flags = writeSegment(plan, segment, batch->arena + end + kHeadroomBytes);
    batch->place(count++, end + kHeadroomBytes, length, flags);
    end += kHeadroomBytes + length + kTailroomBytes;
  }
  return pair(env, count, static_cast<uint32_t>(end));
}

// gsoJoin(batch, count, out): bytes of `out` used, frames of DELIVER rows one after the other
napi_value gsoJoin(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Batch* batch = call.resource<Batch>(0, "batch");
  if (!call.ok()) return nullptr;
  const auto count = static_cast<uint32_t>(call.integer(1, "count", 0, batch->capacity));
  const Bytes out = call.bytes(2, "out");
  if (!call.ok()) return nullptr;
  Run run;
  size_t used = 0;
  const Offloads offloads{true, true};
  for (uint32_t row = 0; row < count; row++) {
    if (batch->verdict[row] != verdict::deliver) continue;
    if (!batch->holds(row)) return throwRange(env, "row %u: offset or length outside the arena", row);
    OutgoingPacket packet;
    if (!outgoingPacket(batch->bytes(row), static_cast<size_t>(batch->length[row]), batch->flags[row], &packet)) {
      continue;
    }
    if (!run.isEmpty() && run.append(packet)) continue;
    if (!put(run, out.data, out.length, &used)) return throwRange(env, "out: too small");
    run.begin(packet, offloads);
  }
  if (!put(run, out.data, out.length, &used)) return throwRange(env, "out: too small");
  return number(env, static_cast<double>(used));
}

}  // namespace resip

#include "batch.h"

namespace resip {

// registerBatch(arena, columns, capacity, trainSocket, trainAddress, trains): handle
napi_value registerBatch(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const Bytes arena = call.bytes(0, "arena");
  const Bytes columns = call.arrayBuffer(1, "columns");
  const auto capacity = static_cast<uint32_t>(call.integer(2, "capacity", 8, Batch::kMaxCapacity));
  const Words trainSocket = call.words(3, "trainSocket");
  const Words trainAddress = call.words(4, "trainAddress");
  const auto trains = static_cast<uint32_t>(call.integer(5, "trains", 1, Batch::kMaxTrains));
  if (!call.ok()) return nullptr;
  if (arena.length == 0 || arena.length > Batch::kMaxArenaBytes) {
    return throwRange(env, "arena: expected 1 to %zu bytes, got %zu", Batch::kMaxArenaBytes, arena.length);
  }
  if (capacity % 8 != 0) return throwRange(env, "capacity: expected a multiple of 8, got %u", capacity);
  if (columns.length != kColumnBytes * capacity) {
    return throwRange(env, "columns: expected %zu bytes for %u rows, got %zu", kColumnBytes * capacity, capacity,
                      columns.length);
  }
  if (trainSocket.length != trains || trainAddress.length != static_cast<size_t>(trains) * kAddressWords) {
    return throwRange(env, "trainSocket, trainAddress: expected %u and %u words", trains, trains * kAddressWords);
  }
  auto batch = std::make_unique<Batch>(
      Rows(arena.data, arena.length, columns.data, capacity, trainSocket.data, trainAddress.data, trains));
  const size_t sources[4] = {0, 1, 3, 4};
  for (size_t i = 0; i < 4; i++) napi_create_reference(env, call.value(sources[i]), 1, &batch->references[i]);
  return call.give(std::move(batch));
}

napi_value releaseBatch(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Batch* batch = call.resource<Batch>(0, "batch");
  if (!call.ok()) return nullptr;
  for (napi_ref reference : batch->references) napi_delete_reference(env, reference);
  call.remove<Batch>(0, "batch");
  return nullptr;
}

// registerPathTable(words): handle
napi_value registerPathTable(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const Words words = call.words(0, "words");
  if (!call.ok()) return nullptr;
  constexpr size_t kPeerWords = kPathWords * kPathsPerPeer;
  if (words.length == 0 || words.length % kPeerWords != 0 || words.length > INT32_MAX) {
    return throwRange(env, "words: expected a multiple of %zu words, got %zu", kPeerWords, words.length);
  }
  auto table = std::make_unique<PathTable>(words.data, static_cast<uint32_t>(words.length / kPathWords));
  napi_create_reference(env, call.value(0), 1, &table->reference);
  return call.give(std::move(table));
}

napi_value releasePathTable(napi_env env, napi_callback_info info) {
  Call call(env, info);
  PathTable* table = call.resource<PathTable>(0, "table");
  if (!call.ok()) return nullptr;
  napi_delete_reference(env, table->reference);
  call.remove<PathTable>(0, "table");
  return nullptr;
}

}  // namespace resip

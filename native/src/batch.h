// Packet batches and path tables that JavaScript registered: the addon keeps pointers into their buffers, and references
// that keep these alive.
#pragma once

#include <cstdint>

#include "call.h"
#include "rows.h"

namespace resip {

struct Batch : Resource, Rows {
  static constexpr Kind kKind = Kind::batch;

  explicit Batch(const Rows& rows) : Resource(kKind), Rows(rows) {}

  // Keep the JavaScript buffers alive.
  napi_ref references[4] = {};
};

// The paths of all associations: kPathWords words a row, kPathsPerPeer rows an association.
struct PathTable : Resource {
  static constexpr Kind kKind = Kind::pathTable;
  PathTable(int32_t* words, uint32_t rows) : Resource(kKind), words(words), rows(rows) {}

  int32_t* const words;
  const uint32_t rows;
  napi_ref reference = nullptr;
};

napi_value registerBatch(napi_env env, napi_callback_info info);
napi_value releaseBatch(napi_env env, napi_callback_info info);
napi_value registerPathTable(napi_env env, napi_callback_info info);
napi_value releasePathTable(napi_env env, napi_callback_info info);

}  // namespace resip

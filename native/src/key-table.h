// The session keys. A slot costs about a hundred bytes; the keyed ciphers, ten times as large, are borrowed from a
// bounded pool, so that ten thousand idle sessions stay small and the busy ones find theirs prepared.
#pragma once

#include <vector>

#include "call.h"
#include "context-pool.h"

namespace resip {

// Wire values (PROTOCOL.md §4).
constexpr uint8_t kSuiteAes256Gcm = 1;
constexpr uint8_t kSuiteChaCha20Poly1305 = 2;

constexpr size_t kKeyBytes = 32;
constexpr size_t kIvBytes = 12;

struct DirectionKey {
  uint8_t key[kKeyBytes];
  uint8_t iv[kIvBytes];
  // Its prepared context in the pool, -1 = none.
  int32_t context = ContextPool::kNone;
};

struct KeySlot {
  // 0 = empty.
  uint8_t suite = 0;
  DirectionKey seal;
  DirectionKey open;
};

class KeyTable : public Resource {
 public:
  static constexpr Kind kKind = Kind::keyTable;
  static constexpr uint32_t kMaxSlots = 1u << 20;

  // `gcm` null: OpenSSL does AES-256-GCM too.
  KeyTable(Environment& environment, uint32_t slots, const GcmLibrary* gcm);
  ~KeyTable() override;

  uint32_t size() const { return static_cast<uint32_t>(slots_.size()); }
  void install(uint32_t slot, uint8_t suite, const uint8_t* const keys[2], const uint8_t* const ivs[2]);
  void remove(uint32_t slot);

  // Null when the slot is outside the table or empty.
  KeySlot* find(int32_t slot) {
    if (slot < 0 || static_cast<uint32_t>(slot) >= slots_.size() || slots_[slot].suite == 0) return nullptr;
    return &slots_[slot];
  }
  // The cipher of one direction, keyed. Null when OpenSSL fails. Valid until the next call.
  PacketCipher* cipher(KeySlot& slot, bool seals);

 private:
  void wipe(KeySlot& slot);

  Environment& environment_;
  const GcmLibrary* const gcm_;
  // Never resized: no copies of keys are left behind.
  std::vector<KeySlot> slots_;
  ContextPool pool_;
};

napi_value keyTableCreate(napi_env env, napi_callback_info info);
napi_value keyTableDestroy(napi_env env, napi_callback_info info);
napi_value keyInstall(napi_env env, napi_callback_info info);
napi_value keyRemove(napi_env env, napi_callback_info info);

}  // namespace resip

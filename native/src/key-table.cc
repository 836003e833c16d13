#include "key-table.h"

#include <openssl/crypto.h>

#include <cstring>

namespace resip {

KeyTable::KeyTable(Environment& environment, uint32_t slots, const GcmLibrary* gcm)
    : Resource(kKind), environment_(environment), gcm_(gcm), slots_(slots) {}

KeyTable::~KeyTable() {
  for (KeySlot& slot : slots_) {
    if (slot.suite != 0) wipe(slot);
  }
}

void KeyTable::install(uint32_t index, uint8_t suite, const uint8_t* const keys[2], const uint8_t* const ivs[2]) {
  remove(index);
  KeySlot& slot = slots_[index];
  memcpy(slot.seal.key, keys[0], kKeyBytes);
  memcpy(slot.seal.iv, ivs[0], kIvBytes);
  memcpy(slot.open.key, keys[1], kKeyBytes);
  memcpy(slot.open.iv, ivs[1], kIvBytes);
  slot.suite = suite;
}

void KeyTable::remove(uint32_t index) {
  if (slots_[index].suite != 0) wipe(slots_[index]);
}

void KeyTable::wipe(KeySlot& slot) {
  pool_.giveBack(&slot.seal.context);
  pool_.giveBack(&slot.open.context);
  OPENSSL_cleanse(slot.seal.key, kKeyBytes);
  OPENSSL_cleanse(slot.seal.iv, kIvBytes);
  OPENSSL_cleanse(slot.open.key, kKeyBytes);
  OPENSSL_cleanse(slot.open.iv, kIvBytes);
  slot.suite = 0;
}

PacketCipher* KeyTable::cipher(KeySlot& slot, bool seals) {
  DirectionKey& direction = seals ? slot.seal : slot.open;
  PacketCipher* prepared = pool_.prepared(direction.context);
  if (prepared != nullptr) return prepared;
  PacketCipher* borrowed = pool_.borrow(&direction.context);
  const bool isAes = slot.suite == kSuiteAes256Gcm;
  const bool isKeyed =
      isAes && gcm_ != nullptr
          ? borrowed->prepare(gcm_, direction.key)
          : borrowed->prepare(isAes ? environment_.aes256Gcm : environment_.chaCha20Poly1305, direction.key, seals);
  if (isKeyed) return borrowed;
  pool_.giveBack(&direction.context);
  return nullptr;
}

// keyTableCreate(slots, usesLibrary?): handle
napi_value keyTableCreate(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const auto slots = static_cast<uint32_t>(call.integer(0, "slots", 1, KeyTable::kMaxSlots));
  const bool usesLibrary = call.flag(1, "usesLibrary", true);
  if (!call.ok()) return nullptr;
  const GcmLibrary* gcm = usesLibrary ? GcmLibrary::find() : nullptr;
  return call.give(std::make_unique<KeyTable>(call.environment(), slots, gcm));
}

napi_value keyTableDestroy(napi_env env, napi_callback_info info) {
  Call call(env, info);
  call.remove<KeyTable>(0, "table");
  return nullptr;
}

// keyInstall(table, slot, suite, sealKey, sealIv, openKey, openIv)
napi_value keyInstall(napi_env env, napi_callback_info info) {
  Call call(env, info);
  KeyTable* table = call.resource<KeyTable>(0, "table");
  if (!call.ok()) return nullptr;
  const auto slot = static_cast<uint32_t>(call.integer(1, "slot", 0, table->size() - 1));
  const auto suite = static_cast<uint8_t>(call.integer(2, "suite", kSuiteAes256Gcm, kSuiteChaCha20Poly1305));
  const uint8_t* sealKey = call.key(3, "sealKey", kKeyBytes);
  const uint8_t* sealIv = call.key(4, "sealIv", kIvBytes);
  const uint8_t* openKey = call.key(5, "openKey", kKeyBytes);
  const uint8_t* openIv = call.key(6, "openIv", kIvBytes);
  if (!call.ok()) return nullptr;
  const uint8_t* const keys[2] = {sealKey, openKey};
  const uint8_t* const ivs[2] = {sealIv, openIv};
  table->install(slot, suite, keys, ivs);
  return nullptr;
}

// keyRemove(table, slot): harmless on an empty slot
napi_value keyRemove(napi_env env, napi_callback_info info) {
  Call call(env, info);
  KeyTable* table = call.resource<KeyTable>(0, "table");
  if (!call.ok()) return nullptr;
  const auto slot = static_cast<uint32_t>(call.integer(1, "slot", 0, table->size() - 1));
  if (call.ok()) table->remove(slot);
  return nullptr;
}

}  // namespace resip

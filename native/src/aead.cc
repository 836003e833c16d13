#include "aead.h"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include "batch.h"
#include "datagram.h"
#include "key-table.h"
#include "mask.h"

namespace resip {

namespace {

// IV XOR (5 zero bytes, 7 bytes of packet number); the eighth byte of the 64-bit number is zero.
void makeNonce(const uint8_t* iv, uint64_t number, uint8_t* nonce) {
  memcpy(nonce, iv, kIvBytes);
  uint64_t low;
  memcpy(&low, nonce + 4, 8);
  low ^= htobe64(number);
  memcpy(nonce + 4, &low, 8);
}

bool isPacketNumber(double number) {
  return number >= 0 && number <= static_cast<double>(kMaxPacketNumber) &&
         static_cast<double>(static_cast<uint64_t>(number)) == number;
}

// Finishes one row; false throws.
bool sealRow(napi_env env, KeyTable& table, Batch& batch, uint32_t row) {
  const bool masksOnly = batch.keySlot[row] == -1;
  const size_t shortest = masksOnly ? kShortestDatagramBytes : kDatagramHeaderBytes;
  if (!batch.holds(row, 0, masksOnly ? 0 : kTagBytes) || static_cast<size_t>(batch.length[row]) < shortest) {
    throwRange(env, "row %u: header, body and tag do not fit the arena", row);
    return false;
  }
  const double number = batch.packetNumber[row];
  if (!isPacketNumber(number)) {
    throwRange(env, "row %u: packet number %.17g is not in 0 to 2^53 - 1", row, number);
    return false;
  }
  uint8_t* header = batch.bytes(row);
  writeDatagramHeader(header, batch.type[row], batch.sessionId[row], static_cast<uint64_t>(number));
  if (masksOnly) return true;

  KeySlot* slot = table.find(batch.keySlot[row]);
  if (slot == nullptr) {
    throwRange(env, "row %u: no key in slot %d", row, batch.keySlot[row]);
    return false;
  }
  const auto length = static_cast<size_t>(batch.length[row]) - kDatagramHeaderBytes;
  uint8_t nonce[kIvBytes];
  makeNonce(slot->seal.iv, static_cast<uint64_t>(number), nonce);
  PacketCipher* cipher = table.cipher(*slot, true);
  if (cipher == nullptr || !cipher->seal(nonce, header, header + kDatagramHeaderBytes, length)) {
    napi_throw_error(env, nullptr, "OpenSSL failed to seal");
    return false;
  }
  batch.length[row] += static_cast<int32_t>(kTagBytes);
  return true;
}

bool openRow(KeyTable& table, Batch& batch, uint32_t row) {
  const auto bytes = static_cast<size_t>(batch.length[row]);
  KeySlot* slot = table.find(batch.keySlot[row]);
  if (slot == nullptr || bytes < kShortestDatagramBytes) return false;
  uint8_t* header = batch.bytes(row);
  const uint64_t number = datagramNumber(header);
  // Above it the column of the batch, which the duplicate window goes by, is not exact.
  if (number > kMaxPacketNumber) return false;
  uint8_t nonce[kIvBytes];
  makeNonce(slot->open.iv, number, nonce);
  PacketCipher* cipher = table.cipher(*slot, false);
  return cipher != nullptr &&
         cipher->open(nonce, header, header + kDatagramHeaderBytes, bytes - kShortestDatagramBytes);
}

}  // namespace

// seal(table, mask, batch, count)
napi_value seal(napi_env env, napi_callback_info info) {
  Call call(env, info);
  KeyTable* table = call.resource<KeyTable>(0, "table");
  Mask* mask = call.resource<Mask>(1, "mask");
  Batch* batch = call.resource<Batch>(2, "batch");
  if (!call.ok()) return nullptr;
  const auto count = static_cast<uint32_t>(call.integer(3, "count", 0, batch->capacity));
  if (!call.ok()) return nullptr;
  MaskRun run(*mask);
  for (uint32_t row = 0; row < count; row++) {
    if (batch->verdict[row] != verdict::seal) continue;
    if (!sealRow(env, *table, *batch, row)) break;  // an exception is pending; the rows before are finished
    run.add(batch->bytes(row), static_cast<size_t>(batch->length[row]));
    batch->verdict[row] = verdict::send;
  }
  run.flush();
  return nullptr;
}

// open(table, batch, count)
napi_value open(napi_env env, napi_callback_info info) {
  Call call(env, info);
  KeyTable* table = call.resource<KeyTable>(0, "table");
  Batch* batch = call.resource<Batch>(1, "batch");
  if (!call.ok()) return nullptr;
  const auto count = static_cast<uint32_t>(call.integer(2, "count", 0, batch->capacity));
  if (!call.ok()) return nullptr;
  for (uint32_t row = 0; row < count; row++) {
    if (batch->verdict[row] != verdict::open) continue;
    if (!batch->holds(row)) return throwRange(env, "row %u: offset or length outside the arena", row);
    if (!openRow(*table, *batch, row)) {
      batch->verdict[row] = verdict::forged;
      continue;
    }
    batch->verdict[row] = verdict::opened;
    batch->offset[row] += static_cast<int32_t>(kDatagramHeaderBytes);
    batch->length[row] -= static_cast<int32_t>(kShortestDatagramBytes);
  }
  return nullptr;
}

// hasAes(): boolean
napi_value hasAes(napi_env env, napi_callback_info) {
  bool found = false;
#if defined(__x86_64__)
  found = __builtin_cpu_supports("aes") != 0 && __builtin_cpu_supports("pclmul") != 0;
#elif defined(__aarch64__)
  const unsigned long capabilities = getauxval(AT_HWCAP);
  found = (capabilities & HWCAP_AES) != 0 && (capabilities & HWCAP_PMULL) != 0;
#endif
  napi_value result;
  napi_get_boolean(env, found, &result);
  return result;
}

// gcmLibrary(): string
napi_value gcmLibrary(napi_env env, napi_callback_info) {
  const GcmLibrary* library = GcmLibrary::find();
  napi_value name;
  napi_create_string_utf8(env, library == nullptr ? "OpenSSL" : library->name(), NAPI_AUTO_LENGTH, &name);
  return name;
}

}  // namespace resip

#include "mask.h"

#include "datagram.h"

namespace resip {

std::unique_ptr<Mask> Mask::make(const EVP_CIPHER* cipher, const uint8_t* key) {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  if (context == nullptr || EVP_EncryptInit_ex(context, cipher, nullptr, key, nullptr) != 1) {
    EVP_CIPHER_CTX_free(context);
    return nullptr;
  }
  EVP_CIPHER_CTX_set_padding(context, 0);
  return std::make_unique<Mask>(context);
}

void MaskRun::flush() {
  if (count_ == 0) return;
  int written = 0;
  EVP_EncryptUpdate(mask_.context, samples_, &written, samples_, static_cast<int>(count_ * kTagBytes));
  for (size_t i = 0; i < count_; i++) {
    const uint8_t* block = samples_ + i * kTagBytes;
    for (size_t byte = 0; byte < kDatagramHeaderBytes; byte++) headers_[i][byte] ^= block[byte];
  }
  count_ = 0;
}

void unmaskRows(Mask& mask, Rows& batch, uint32_t from, uint32_t count) {
  MaskRun run(mask);
  for (uint32_t row = from; row < count; row++) {
    if (batch.verdict[row] != verdict::received) continue;
    if (static_cast<size_t>(batch.length[row]) < kShortestDatagramBytes) {
      batch.verdict[row] = verdict::drop;
    } else {
      run.add(batch.bytes(row), static_cast<size_t>(batch.length[row]));
    }
  }
  run.flush();
  for (uint32_t row = from; row < count; row++) {
    if (batch.verdict[row] != verdict::received) continue;
    const uint8_t* header = batch.bytes(row);
    batch.type[row] = datagramType(header);
    batch.sessionId[row] = datagramSession(header);
    batch.packetNumber[row] = static_cast<double>(datagramNumber(header));
  }
}

}  // namespace resip

// The network layer of PROTOCOL.md §2: the 12 header bytes XOR AES-256(mask key, tag).
#pragma once

#include <openssl/evp.h>

#include <cstring>
#include <memory>

#include "handles.h"
#include "rows.h"

namespace resip {

struct Mask : Resource {
  static constexpr Kind kKind = Kind::mask;
  // Null when OpenSSL refuses.
  static std::unique_ptr<Mask> make(const EVP_CIPHER* cipher, const uint8_t* key);
  ~Mask() override { EVP_CIPHER_CTX_free(context); }

  explicit Mask(EVP_CIPHER_CTX* context) : Resource(kKind), context(context) {}

  // Datagrams whose blocks are computed in one EVP call.
  static constexpr size_t kBlocks = 64;

  // One block: masks or unmasks `header` with the tag at `tag`.
  EVP_CIPHER_CTX* const context;
};

// Collects finished datagrams and masks them in groups. What is added has to be flushed.
class MaskRun {
 public:
  explicit MaskRun(Mask& mask) : mask_(mask) {}
  // `datagram` has at least kShortestDatagramBytes.
  void add(uint8_t* datagram, size_t length) {
    memcpy(samples_ + count_ * kTagBytes, datagram + length - kTagBytes, kTagBytes);
    headers_[count_++] = datagram;
    if (count_ == Mask::kBlocks) flush();
  }
  void flush();

 private:
  Mask& mask_;
  size_t count_ = 0;
  uint8_t* headers_[Mask::kBlocks];
  uint8_t samples_[Mask::kBlocks * kTagBytes];
};

// Unmasks rows from … count that are long enough and RECEIVED and fills type, sessionId, packetNumber; shorter ones
// become DROP. Rows have to be inside the arena.
void unmaskRows(Mask& mask, Rows& batch, uint32_t from, uint32_t count);

}  // namespace resip

// One direction of one session, keyed and ready: seals or opens packets in place, one call for each.
#pragma once

#include <openssl/evp.h>

#include <memory>

#include "gcm-library.h"

namespace resip {

class PacketCipher {
 public:
  PacketCipher() = default;
  ~PacketCipher();
  PacketCipher(PacketCipher&& other) noexcept;
  PacketCipher& operator=(PacketCipher&&) = delete;

  // Null where OpenSSL is to do it. False: OpenSSL fails or memory is out.
  bool prepare(const GcmLibrary* library, const uint8_t* key);
  bool prepare(const EVP_CIPHER* cipher, const uint8_t* key, bool seals);

  // `body` is sealed in place, the tag goes behind it. False when OpenSSL fails.
  bool seal(const uint8_t* nonce, const uint8_t* header, uint8_t* body, size_t length);
  // Opened in place; the tag stands behind `body`. False when it does not fit: `body` holds bytes without meaning then.
  bool open(const uint8_t* nonce, const uint8_t* header, uint8_t* body, size_t length);

  // Forgets the key.
  void wipe();

 private:
  const GcmLibrary* library_ = nullptr;
  std::unique_ptr<GcmKey> gcm_;
  // Kept from key to key: making one costs more than keying it.
  EVP_CIPHER_CTX* evp_ = nullptr;
};

}  // namespace resip

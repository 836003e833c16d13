// AES-256-GCM of libipsec-mb, where the machine has it: it works on four blocks per instruction (VAES, VPCLMULQDQ) and
// takes a packet in one call without look-ups, which makes it three to seven times as fast as the EVP of OpenSSL 3.0.
// The library is optional twice: its header when the addon is built, its shared object when it runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#if defined(__x86_64__) && __has_include(<intel-ipsec-mb.h>)
#define RESIP_HAS_IPSEC_MB 1
#include <intel-ipsec-mb.h>
#else
#define RESIP_HAS_IPSEC_MB 0
#endif

namespace resip {

#if RESIP_HAS_IPSEC_MB
struct alignas(64) GcmKey {
  gcm_key_data data;
};
#else
struct GcmKey {};
#endif

// Nonces of 12 bytes, tags of 16; works in place.
class GcmLibrary {
 public:
  // Null: not on this machine, or it did not make the same bytes as OpenSSL. The answer is the same for the whole process.
  static const GcmLibrary* find();

  // Such as "ipsec-mb 1.3.0".
  const char* name() const { return name_; }
  // Null: out of memory. To be wiped before it is let go of.
  std::unique_ptr<GcmKey> prepare(const uint8_t* key) const;
  void seal(const GcmKey& key, const uint8_t* nonce, const uint8_t* header, size_t headerBytes, uint8_t* body,
            size_t length, uint8_t* tag) const;
  // Writes the tag that belongs to the ciphertext; the caller compares.
  void open(const GcmKey& key, const uint8_t* nonce, const uint8_t* header, size_t headerBytes, uint8_t* body,
            size_t length, uint8_t* tag) const;

 private:
  bool load();
  bool agreesWithOpenssl() const;

  char name_[32] = "";
#if RESIP_HAS_IPSEC_MB
  aes_gcm_pre_t prepare_ = nullptr;
  aes_gcm_enc_dec_t seal_ = nullptr;
  aes_gcm_enc_dec_t open_ = nullptr;
#endif
};

}  // namespace resip

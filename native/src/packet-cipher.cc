#include "packet-cipher.h"

#include <openssl/crypto.h>

#include <utility>

#include "layout.h"

namespace resip {

namespace {

bool sealWithEvp(EVP_CIPHER_CTX* context, const uint8_t* nonce, const uint8_t* header, uint8_t* body, size_t length) {
  int written = 0;
  return EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, nonce) == 1 &&
         EVP_EncryptUpdate(context, nullptr, &written, header, kDatagramHeaderBytes) == 1 &&
         (length == 0 || EVP_EncryptUpdate(context, body, &written, body, static_cast<int>(length)) == 1) &&
         EVP_EncryptFinal_ex(context, body + length, &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, body + length) == 1;
}

bool openWithEvp(EVP_CIPHER_CTX* context, const uint8_t* nonce, const uint8_t* header, uint8_t* body, size_t length) {
  int written = 0;
  return EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, nonce) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, body + length) == 1 &&
         EVP_DecryptUpdate(context, nullptr, &written, header, kDatagramHeaderBytes) == 1 &&
         (length == 0 || EVP_DecryptUpdate(context, body, &written, body, static_cast<int>(length)) == 1) &&
         EVP_DecryptFinal_ex(context, body + length, &written) == 1;
}

}  // namespace

PacketCipher::~PacketCipher() {
  wipe();
  EVP_CIPHER_CTX_free(evp_);
}

PacketCipher::PacketCipher(PacketCipher&& other) noexcept
    : library_(other.library_), gcm_(std::move(other.gcm_)), evp_(std::exchange(other.evp_, nullptr)) {}

bool PacketCipher::prepare(const GcmLibrary* library, const uint8_t* key) {
  wipe();
  library_ = library;
  gcm_ = library->prepare(key);
  return gcm_ != nullptr;
}

bool PacketCipher::prepare(const EVP_CIPHER* cipher, const uint8_t* key, bool seals) {
  wipe();
  if (evp_ == nullptr) evp_ = EVP_CIPHER_CTX_new();
  return evp_ != nullptr && EVP_CipherInit_ex(evp_, cipher, nullptr, key, nullptr, seals) == 1;
}

bool PacketCipher::seal(const uint8_t* nonce, const uint8_t* header, uint8_t* body, size_t length) {
  if (!gcm_) return sealWithEvp(evp_, nonce, header, body, length);
  library_->seal(*gcm_, nonce, header, kDatagramHeaderBytes, body, length, body + length);
  return true;
}

bool PacketCipher::open(const uint8_t* nonce, const uint8_t* header, uint8_t* body, size_t length) {
  if (!gcm_) return openWithEvp(evp_, nonce, header, body, length);
  uint8_t tag[kTagBytes];
  library_->open(*gcm_, nonce, header, kDatagramHeaderBytes, body, length, tag);
  return CRYPTO_memcmp(tag, body + length, kTagBytes) == 0;
}

void PacketCipher::wipe() {
  if (gcm_) OPENSSL_cleanse(gcm_.get(), sizeof(GcmKey));
  gcm_.reset();
  if (evp_ != nullptr) EVP_CIPHER_CTX_reset(evp_);
}

}  // namespace resip

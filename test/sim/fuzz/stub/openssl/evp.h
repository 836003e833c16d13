// Stands in for OpenSSL where the fuzzer builds the mask: the block cipher is an XOR, the calls are the same. So the
// fuzzer needs no OpenSSL to link, and nothing uninstrumented runs.
#pragma once

#include <cstdint>

struct EVP_CIPHER {};
struct ENGINE {};
struct EVP_CIPHER_CTX {};

inline EVP_CIPHER_CTX* EVP_CIPHER_CTX_new() { return new EVP_CIPHER_CTX; }
inline void EVP_CIPHER_CTX_free(EVP_CIPHER_CTX* context) { delete context; }
inline int EVP_CIPHER_CTX_set_padding(EVP_CIPHER_CTX*, int) { return 1; }
inline int EVP_EncryptInit_ex(EVP_CIPHER_CTX*, const EVP_CIPHER*, ENGINE*, const uint8_t*, const uint8_t*) { return 1; }
inline int EVP_EncryptUpdate(EVP_CIPHER_CTX*, uint8_t* out, int* written, const uint8_t* in, int length) {
  for (int i = 0; i < length; i++) out[i] = in[i] ^ 0x5a;
  *written = length;
  return 1;
}

#include "gcm-library.h"

#if RESIP_HAS_IPSEC_MB
#include <dlfcn.h>
#include <openssl/evp.h>

#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <new>
#endif

namespace resip {

const GcmLibrary* GcmLibrary::find() {
  static GcmLibrary library;
  static const bool isUsable = library.load() && library.agreesWithOpenssl();
  return isUsable ? &library : nullptr;
}

#if RESIP_HAS_IPSEC_MB

namespace {

constexpr const char* kSharedObject = "libIPSec_MB.so.1";

template <typename Function>
bool look(void* library, const char* name, Function** function) {
  *function = reinterpret_cast<Function*>(dlsym(library, name));
  return *function != nullptr;
}

bool sealWithOpenssl(const uint8_t* key, const uint8_t* nonce, const uint8_t* header, int headerBytes, uint8_t* body,
                     int length, uint8_t* tag) {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  int written = 0;
  const bool isSealed = context != nullptr &&
                        EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nullptr, key, nonce) == 1 &&
                        EVP_EncryptUpdate(context, nullptr, &written, header, headerBytes) == 1 &&
                        EVP_EncryptUpdate(context, body, &written, body, length) == 1 &&
                        EVP_EncryptFinal_ex(context, body + length, &written) == 1 &&
                        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1;
  EVP_CIPHER_CTX_free(context);
  return isSealed;
}

}  // namespace

// The manager, a megabyte for the library's other services, only tells which functions fit this CPU.
bool GcmLibrary::load() {
  void* library = dlopen(kSharedObject, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return false;
  decltype(alloc_mb_mgr)* allocate;
  decltype(free_mb_mgr)* release;
  decltype(init_mb_mgr_auto)* initialize;
  decltype(imb_get_version)* version;
  if (!look(library, "alloc_mb_mgr", &allocate) || !look(library, "free_mb_mgr", &release) ||
      !look(library, "init_mb_mgr_auto", &initialize) || !look(library, "imb_get_version", &version)) {
    return false;
  }
  // Later versions under the same name keep the layout of the manager and add to its end.
  if (version() < IMB_VERSION_NUM) return false;
  IMB_MGR* manager = allocate(0);
  if (manager == nullptr) return false;
  IMB_ARCH arch = IMB_ARCH_NONE;
  initialize(manager, &arch);
  if (arch != IMB_ARCH_NONE && arch != IMB_ARCH_NOAESNI) {
    prepare_ = manager->gcm256_pre;
    seal_ = manager->gcm256_enc;
    open_ = manager->gcm256_dec;
  }
  release(manager);
  const unsigned number = version();
  snprintf(name_, sizeof name_, "ipsec-mb %u.%u.%u", number >> 16 & 0xff, number >> 8 & 0xff, number & 0xff);
  return prepare_ != nullptr && seal_ != nullptr && open_ != nullptr;
}

// A library that does not match its header must not get at anybody's packets.
bool GcmLibrary::agreesWithOpenssl() const {
  constexpr size_t kLength = 1409, kHeaderBytes = 12, kTagBytes = 16;
  uint8_t key[32], nonce[12], header[kHeaderBytes], expected[kLength + kTagBytes], made[kLength + kTagBytes];
  for (size_t i = 0; i < sizeof key; i++) key[i] = static_cast<uint8_t>(i * 7 + 1);
  for (size_t i = 0; i < sizeof nonce; i++) nonce[i] = static_cast<uint8_t>(i * 5 + 3);
  for (size_t i = 0; i < sizeof header; i++) header[i] = static_cast<uint8_t>(i * 3 + 5);
  const std::unique_ptr<GcmKey> prepared = prepare(key);
  if (!prepared) return false;
  for (const size_t length : {size_t{1}, size_t{100}, kLength}) {
    for (size_t i = 0; i < length; i++) expected[i] = made[i] = static_cast<uint8_t>(i * 11 + length);
    if (!sealWithOpenssl(key, nonce, header, kHeaderBytes, expected, static_cast<int>(length), expected + length)) {
      return false;
    }
    seal(*prepared, nonce, header, kHeaderBytes, made, length, made + length);
    if (memcmp(expected, made, length + kTagBytes) != 0) return false;
    uint8_t tag[kTagBytes];
    open(*prepared, nonce, header, kHeaderBytes, made, length, tag);
    if (memcmp(tag, expected + length, kTagBytes) != 0) return false;
    for (size_t i = 0; i < length; i++) {
      if (made[i] != static_cast<uint8_t>(i * 11 + length)) return false;
    }
  }
  return true;
}

std::unique_ptr<GcmKey> GcmLibrary::prepare(const uint8_t* key) const {
  std::unique_ptr<GcmKey> prepared(new (std::nothrow) GcmKey);
  if (prepared) prepare_(key, &prepared->data);
  return prepared;
}

void GcmLibrary::seal(const GcmKey& key, const uint8_t* nonce, const uint8_t* header, size_t headerBytes,
                      uint8_t* body, size_t length, uint8_t* tag) const {
  gcm_context_data context;
  seal_(&key.data, &context, body, body, length, nonce, header, headerBytes, tag, 16);
}

void GcmLibrary::open(const GcmKey& key, const uint8_t* nonce, const uint8_t* header, size_t headerBytes,
                      uint8_t* body, size_t length, uint8_t* tag) const {
  gcm_context_data context;
  open_(&key.data, &context, body, body, length, nonce, header, headerBytes, tag, 16);
}

#else

bool GcmLibrary::load() { return false; }
bool GcmLibrary::agreesWithOpenssl() const { return false; }
std::unique_ptr<GcmKey> GcmLibrary::prepare(const uint8_t*) const { return nullptr; }
void GcmLibrary::seal(const GcmKey&, const uint8_t*, const uint8_t*, size_t, uint8_t*, size_t, uint8_t*) const {}
void GcmLibrary::open(const GcmKey&, const uint8_t*, const uint8_t*, size_t, uint8_t*, size_t, uint8_t*) const {}

#endif

}  // namespace resip

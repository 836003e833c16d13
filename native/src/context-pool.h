// A bounded set of cipher contexts, lent to the keys that are in use. When all are lent, one that was not used for a
// while changes hands (second chance, a clock hand).
#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <vector>

namespace resip {

class ContextPool {
 public:
  static constexpr int32_t kNone = -1;
  // About 1.2 kB each; both directions of 512 sessions that are busy at once.
  static constexpr uint32_t kMaxContexts = 1024;

  ContextPool() = default;
  ~ContextPool();
  ContextPool(const ContextPool&) = delete;
  ContextPool& operator=(const ContextPool&) = delete;

  // The context behind an index that was lent and not taken back; null for kNone.
  EVP_CIPHER_CTX* prepared(int32_t index) {
    if (index == kNone) return nullptr;
    contexts_[index].isFresh = true;
    return contexts_[index].context;
  }

  // Lends a context without key and writes its index through `holder`. The pool sets `*holder` to kNone when it takes
  // the context back, so `holder` has to stay where it is until `giveBack`. Null: out of memory.
  EVP_CIPHER_CTX* borrow(int32_t* holder);

  // Wipes and frees what `*holder` has, if anything.
  void giveBack(int32_t* holder);

 private:
  struct Lent {
    EVP_CIPHER_CTX* context = nullptr;
    int32_t* holder = nullptr;
    bool isFresh = false;
  };

  int32_t freeIndex();

  std::vector<Lent> contexts_;
  std::vector<int32_t> free_;
  uint32_t hand_ = 0;
};

}  // namespace resip

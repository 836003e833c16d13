// A bounded set of keyed ciphers, lent to the keys that are in use. When all are lent, one that was not used for a
// while changes hands (second chance, a clock hand).
#pragma once

#include <cstdint>
#include <vector>

#include "packet-cipher.h"

namespace resip {

class ContextPool {
 public:
  static constexpr int32_t kNone = -1;
  // About 1.2 kB each; both directions of 512 sessions that are busy at once.
  static constexpr uint32_t kMaxContexts = 1024;

  ContextPool() = default;
  ContextPool(const ContextPool&) = delete;
  ContextPool& operator=(const ContextPool&) = delete;

  // The cipher behind an index that was lent and not taken back; null for kNone.
  PacketCipher* prepared(int32_t index) {
    if (index == kNone) return nullptr;
    contexts_[index].isFresh = true;
    return &contexts_[index].cipher;
  }

  // Lends a cipher without key and writes its index through `holder`. The pool sets `*holder` to kNone when it takes
  // the cipher back, so `holder` has to stay where it is until `giveBack`. Valid until the next `borrow`.
  PacketCipher* borrow(int32_t* holder);

  // Wipes and frees what `*holder` has, if anything.
  void giveBack(int32_t* holder);

 private:
  struct Lent {
    PacketCipher cipher;
    int32_t* holder = nullptr;
    bool isFresh = false;
  };

  int32_t freeIndex();

  std::vector<Lent> contexts_;
  std::vector<int32_t> free_;
  uint32_t hand_ = 0;
};

}  // namespace resip

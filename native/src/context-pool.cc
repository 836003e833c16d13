#include "context-pool.h"

namespace resip {

int32_t ContextPool::freeIndex() {
  if (!free_.empty()) {
    const int32_t index = free_.back();
    free_.pop_back();
    return index;
  }
  if (contexts_.size() < kMaxContexts) {
    contexts_.emplace_back();
    return static_cast<int32_t>(contexts_.size() - 1);
  }
  // Ends after two rounds at the latest: the first one makes every context stale.
  for (;;) {
    Lent& lent = contexts_[hand_];
    const uint32_t index = hand_;
    hand_ = (hand_ + 1) % kMaxContexts;
    if (!lent.isFresh) {
      *lent.holder = kNone;
      return static_cast<int32_t>(index);
    }
    lent.isFresh = false;
  }
}

PacketCipher* ContextPool::borrow(int32_t* holder) {
  const int32_t index = freeIndex();
  Lent& lent = contexts_[index];
  // What the last holder left.
  lent.cipher.wipe();
  lent.holder = holder;
  lent.isFresh = true;
  *holder = index;
  return &lent.cipher;
}

void ContextPool::giveBack(int32_t* holder) {
  if (*holder == kNone) return;
  Lent& lent = contexts_[*holder];
  lent.cipher.wipe();
  lent.holder = nullptr;
  free_.push_back(*holder);
  *holder = kNone;
}

}  // namespace resip

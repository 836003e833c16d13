// What JavaScript holds on to: small positive integers, each an index into this table plus the generation of the
// entry, so that a handle that was closed never names its successor. One table per environment (thread).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace resip {

enum class Kind : uint8_t { batch, pathTable, tun, udp, mask, keyTable, packetLog, rawSocket };

struct Resource {
  explicit Resource(Kind kind) : kind(kind) {}
  virtual ~Resource() = default;
  Resource(const Resource&) = delete;
  Resource& operator=(const Resource&) = delete;

  const Kind kind;
};

class HandleTable {
 public:
  static constexpr uint32_t kIndexBits = 16;
  static constexpr uint32_t kMaxEntries = 1u << kIndexBits;
  static constexpr uint32_t kMaxGeneration = (1u << (31 - kIndexBits)) - 1;

  // Takes ownership; -1 when the table is full.
  int32_t add(std::unique_ptr<Resource> resource) {
    uint32_t index;
    if (!free_.empty()) {
      index = free_.back();
      free_.pop_back();
    } else if (entries_.size() < kMaxEntries) {
      index = static_cast<uint32_t>(entries_.size());
      entries_.emplace_back();
    } else {
      return -1;
    }
    Entry& entry = entries_[index];
    entry.generation = entry.generation >= kMaxGeneration ? 1 : entry.generation + 1;
    entry.resource = std::move(resource);
    return static_cast<int32_t>(entry.generation << kIndexBits | index);
  }

  // Null when the handle is closed or was never given out.
  Resource* find(int32_t handle) const {
    const uint32_t index = static_cast<uint32_t>(handle) & (kMaxEntries - 1);
    if (handle <= 0 || index >= entries_.size()) return nullptr;
    const Entry& entry = entries_[index];
    return entry.generation == static_cast<uint32_t>(handle) >> kIndexBits ? entry.resource.get() : nullptr;
  }

  template <typename T>
  T* find(int32_t handle) const {
    Resource* resource = find(handle);
    return resource != nullptr && resource->kind == T::kKind ? static_cast<T*>(resource) : nullptr;
  }

  // Destroys the resource behind a handle that `find` knows.
  void remove(int32_t handle) {
    const uint32_t index = static_cast<uint32_t>(handle) & (kMaxEntries - 1);
    entries_[index].resource.reset();
    free_.push_back(index);
  }

  template <typename Visit>
  void each(Visit visit) {
    for (Entry& entry : entries_) {
      if (entry.resource) visit(entry.resource.get());
    }
  }

  void clear() { entries_.clear(), free_.clear(); }

 private:
  struct Entry {
    uint32_t generation = 0;
    std::unique_ptr<Resource> resource;
  };
  std::vector<Entry> entries_;
  std::vector<uint32_t> free_;
};

}  // namespace resip

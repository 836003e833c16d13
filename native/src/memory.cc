#include "memory.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>

namespace resip {

namespace {

// All of it is mapped from a file. With --use-largepages Node.js moves its text into memory that nothing stands behind: once
// released, it would be gone.
bool comesBack(uintptr_t from, uintptr_t to) {
  FILE* maps = fopen("/proc/self/maps", "re");
  if (maps == nullptr) return false;
  uintptr_t known = from;
  uint64_t start, end, inode;
  // The name behind them may be longer than a line; nothing of it looks like the next one.
  while (known < to && fscanf(maps, "%" SCNx64 "-%" SCNx64 " %*s %*s %*s %" SCNu64 "%*[^\n]", &start, &end, &inode) == 3) {
    if (end <= known) continue;
    if (start > known || inode == 0) break;
    known = end;
  }
  fclose(maps);
  return known >= to;
}

// The program's own pages that are read and never written. What is needed again comes back from the page cache.
int releaseProgram(dl_phdr_info* object, size_t, void*) {
  const auto pageBytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (size_t i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t start = object->dlpi_addr + segment.p_vaddr;
    const uintptr_t from = (start + pageBytes - 1) & ~(pageBytes - 1);
    const uintptr_t to = (start + segment.p_filesz) & ~(pageBytes - 1);
    if (to > from && comesBack(from, to)) madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
  }
  return 1;  // the first object is the program; libraries are small
}

}  // namespace

// Ten threads allocate next to nothing at the same time; an arena for each of them keeps what it once held.
void limitArenas() {
  mallopt(M_ARENA_MAX, 1);
}

// releaseStartMemory()
napi_value releaseStartMemory(napi_env, napi_callback_info) {
  malloc_trim(0);
  dl_iterate_phdr(releaseProgram, nullptr);
  return nullptr;
}

}  // namespace resip

#include "memory.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

namespace resip {

namespace {

// The program's own pages that are read and never written. What is needed again comes back from the page cache.
int releaseProgram(dl_phdr_info* object, size_t, void*) {
  const auto pageBytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (size_t i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t start = object->dlpi_addr + segment.p_vaddr;
    const uintptr_t from = (start + pageBytes - 1) & ~(pageBytes - 1);
    const uintptr_t to = (start + segment.p_filesz) & ~(pageBytes - 1);
    if (to > from) madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
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

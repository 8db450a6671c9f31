#include "CAllocator.h"

#if defined(__GLIBC__) || defined(__linux__)
#include <malloc.h>
#endif

void allocator_configure_for_server(void) {
#if defined(M_ARENA_MAX)
  // By default glibc has eight arenas for each processor. The work of a request passes through many threads, so each arena
  // would grow to the size that a large request once needed.
  mallopt(M_ARENA_MAX, 2);
  // Request bodies and decoded images are mapped, and so returned to the system as soon as they are freed. Without a fixed
  // threshold, glibc raises it to the largest block that has been freed, up to 32 MB.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 4 << 20);
#endif
}

void allocator_trim(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

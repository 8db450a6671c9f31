#include "CAllocator.h"

#if defined(__GLIBC__) || defined(__linux__)
#include <malloc.h>
#endif

void allocator_give_back(void) {
#if defined(M_ARENA_MAX)
  // By default glibc has eight heaps for each processor, and a request's work passes through many threads: each heap would
  // come to hold what a large request once needed.
  mallopt(M_ARENA_MAX, 2);
  // Bodies and pictures are mapped, and so given back at once, whatever their size. Without this the limit rises with the
  // largest block that has been freed, up to 32 MB.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 4 << 20);
#endif
}

void allocator_trim(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

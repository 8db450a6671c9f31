// Processors of this process's affinity mask. In C because Linux declares the call only with _GNU_SOURCE.
#define _GNU_SOURCE

#include "CKernels.h"

#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#endif

int yx_allowed_processors(void) {
#if defined(__linux__)
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) return CPU_COUNT(&mask);
#endif
  return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

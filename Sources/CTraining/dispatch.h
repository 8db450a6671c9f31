// One body, compiled for several instruction sets; the loader picks one. Not under the thread sanitizer, which would watch
// the choice, too, before it is there itself.
#pragma once

#if defined(__x86_64__) && defined(__linux__) && !__has_feature(thread_sanitizer)
#define DISPATCHED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define DISPATCHED
#endif
#define INLINE static inline __attribute__((always_inline))

// Finds once which instruction sets of the list this processor can run.

#include "instruction_sets.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_ROW(name, floats, bytes, peak, condition, capabilities) +1
enum { ROWS = 0 YX_INSTRUCTION_SETS(COUNT_ROW) };

#define ROW(name, floats, bytes, peak, condition, capabilities) \
  {name, &yx_##floats##_kernels, &yx_##bytes##_byte_kernels, &yx_##peak##_peak, capabilities},
static const yx_instruction_set rows[ROWS] = {YX_INSTRUCTION_SETS(ROW)};

// Sized by the list: one place for each row and one for the null at the end.
static const yx_instruction_set *available[ROWS + 1];

// Runs before main, so that no thread reads a partial array.
__attribute__((constructor)) static void find_available(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
#endif
  int row = 0, count = 0;
#define CHECK_ROW(name, floats, bytes, peak, condition, capabilities) \
  if (condition) available[count++] = &rows[row];                     \
  row++;
  YX_INSTRUCTION_SETS(CHECK_ROW)
}

const yx_instruction_set *const *yx_available_instruction_sets(void) { return available; }

const yx_instruction_set *yx_instruction_set_named(const char *name) {
  for (int i = 0; available[i]; i++) {
    if (strcmp(available[i]->name, name) == 0) return available[i];
  }
  return 0;
}

const char *yx_requested_instruction_set(void) {
  const char *name = getenv("YOLOX_ISA");
  return name && *name ? name : 0;
}

// The instruction sets that the kernels were compiled for, and which of them this processor can run.
#ifndef CKERNELS_INSTRUCTION_SETS_PUBLIC_H
#define CKERNELS_INSTRUCTION_SETS_PUBLIC_H

#include "CKernels.h"

// Loops that multiply and add in registers and do nothing else. Each runs `rounds` rounds and returns how many products
// that were; the time it takes is the limit for every kernel of the instruction set.
typedef struct {
  int64_t (*float32)(int64_t rounds);
  int64_t (*bfloat16)(int64_t rounds);
  int64_t (*int8)(int64_t rounds);
} yx_peak_loops;

typedef enum {
  YX_HAS_BF16_DOT = 1,  // multiplies pairs of bfloat16 in one instruction
  YX_HAS_VNNI = 2,      // multiplies four bytes by four bytes and adds them in one instruction
  YX_INT8_IS_FAST = 4,  // the kernels for bytes take less time than those for floats
} yx_capabilities;

typedef struct {
  const char *name;
  const yx_kernels *kernels;
  const yx_quantized_kernels *quantized_kernels;
  const yx_peak_loops *peak;
  uint32_t capabilities;  // yx_capabilities, combined
} yx_instruction_set;

// Instruction sets that this processor can run, fastest first, ended by null. Never empty: `portable` runs everywhere.
const yx_instruction_set *const *yx_available_instruction_sets(void);

// Null if no instruction set has that name, or this processor cannot run it.
const yx_instruction_set *yx_instruction_set_named(const char *name);

// The value of YOLOX_ISA in the environment; null if absent or empty.
const char *yx_requested_instruction_set(void);

#endif

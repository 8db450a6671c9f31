// The one list of instruction sets, fastest first. It drives the tables of float, int8 and peak loops, the names that
// YOLOX_ISA takes and the capabilities that the engine tests.
//
// To add an instruction set:
//   1. its body: an #include of kernels.inl.h in float_kernels.c and of byte_kernels.inl.h in byte_kernels.c, under a NAME
//      of its own and inside an attribute that selects the instructions. A body that exists may be used again: a row
//      needs only one new column (avxvnni: float bodies of avx2, byte bodies of its own).
//   2. its peak loops in peak.c, or the NAME of existing ones with the same multiply-add instructions.
//   3. one row here. Nothing else: arrays are sized by the list, and Swift tests capabilities, not names.
//
// Columns:
//   name          value of YOLOX_ISA and PlanOptions.instructionSet. Rows may share a name where their conditions
//                 exclude each other.
//   floats        NAME of the bodies in float_kernels.c
//   bytes         NAME of the bodies in byte_kernels.c
//   peak          NAME of the loops in peak.c
//   condition     whether this processor can run the row; evaluated once, before main
//   capabilities  of the bodies: YX_HAS_BF16_DOT, YX_HAS_VNNI, YX_INT8_IS_FAST, or 0
//
// Places for further rows: SSE4.1 between avx2 and portable, SDOT before portable in
// a list of its own for __aarch64__.
#ifndef CKERNELS_INSTRUCTION_SETS_H
#define CKERNELS_INSTRUCTION_SETS_H

#include "CKernels.h"

#if defined(__x86_64__)
#define CPU(feature) (__builtin_cpu_supports(#feature) != 0)
#define CPU_AVX2 (CPU(avx2) && CPU(fma))
#define CPU_AVX512 (CPU_AVX2 && CPU(avx512f) && CPU(avx512bw) && CPU(avx512dq) && CPU(avx512vl))
#define CPU_VNNI (CPU_AVX512 && CPU(avx512vnni))
#define CPU_AVX_VNNI (CPU_AVX2 && CPU(avxvnni))
#define CPU_BF16 (CPU_VNNI && CPU(avx512bf16))
// A division of 16 floats takes 6 cycles on Zen 4 and 16 on Intel, where a reciprocal and a Newton step are faster.
#define CPU_DIVIDES_FAST (__builtin_cpu_is("amd") != 0)

#define YX_INSTRUCTION_SETS(X)                                                                                        \
  X("avx512bf16", avx512bf16_dividing, avx512vnni, avx512bf16, CPU_BF16 && CPU_DIVIDES_FAST,                          \
    YX_HAS_BF16_DOT | YX_HAS_VNNI | YX_INT8_IS_FAST)                                                                  \
  X("avx512bf16", avx512bf16, avx512vnni, avx512bf16, CPU_BF16 && !CPU_DIVIDES_FAST,                                  \
    YX_HAS_BF16_DOT | YX_HAS_VNNI | YX_INT8_IS_FAST)                                                                  \
  X("avx512vnni", avx512, avx512vnni, avx512vnni, CPU_VNNI, YX_HAS_VNNI | YX_INT8_IS_FAST)                            \
  X("avx512", avx512, avx512, avx512, CPU_AVX512, 0)                                                                  \
  X("avxvnni", avx2, avxvnni, avxvnni, CPU_AVX_VNNI, YX_HAS_VNNI | YX_INT8_IS_FAST)                                   \
  X("avxvnni", avx2, avxvnni_evex, avxvnni_evex, CPU_VNNI && !CPU_AVX_VNNI, YX_HAS_VNNI | YX_INT8_IS_FAST)            \
  X("avx2", avx2, avx2, avx2, CPU_AVX2, 0)                                                                            \
  X("portable", portable, portable, portable, 1, 0)
#else
#define YX_INSTRUCTION_SETS(X) X("portable", portable, portable, portable, 1, 0)
#endif

// The tables that the rows name.
#define DECLARE_TABLES(name, floats, bytes, peak, condition, capabilities) \
  extern const yx_kernels yx_##floats##_kernels;                           \
  extern const yx_quantized_kernels yx_##bytes##_byte_kernels;             \
  extern const yx_peak_loops yx_##peak##_peak;
YX_INSTRUCTION_SETS(DECLARE_TABLES)
#undef DECLARE_TABLES

#endif

// Floats as sums of bfloat16 numbers: one part keeps 8 bits, two keep 16, three keep all 24.
#pragma once
#include "common/platform.cuh"

/// One of them as it is stored.
struct BFloat16 {
  uint16_t bits;
};

DEVICE float bfloat16_low(uint32_t packed) { return __uint_as_float(packed << 16); }
DEVICE float bfloat16_high(uint32_t packed) { return __uint_as_float(packed & 0xffff0000u); }

/// Splits eight floats into `Parts` vectors of eight bfloat16: part 0 is the rounded value, each next one rounds what is left.
template <int Parts>
DEVICE void split_bfloat16(float (&values)[8], uint4 (&parts)[Parts]) {
#pragma unroll
  for (int part = 0; part < Parts; part++) {
    uint32_t packed[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
      packed[i] = pack_bfloat16(values[2 * i], values[2 * i + 1]);
      values[2 * i] -= bfloat16_low(packed[i]);
      values[2 * i + 1] -= bfloat16_high(packed[i]);
    }
    parts[part] = make_uint4(packed[0], packed[1], packed[2], packed[3]);
  }
}

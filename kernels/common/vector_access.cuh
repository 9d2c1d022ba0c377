// Neighbouring numbers of global memory: one, or so many floats (a multiple of four) or bfloat16 (of eight) that lie on 16 bytes.
#pragma once
#include "common/bfloat16.cuh"

template <int Width>
DEVICE void load(float (&values)[Width], const float* source) {
  if constexpr (Width == 1) {
    values[0] = *source;
  } else {
#pragma unroll
    for (int i = 0; i < Width; i += 4) {
      float4 four = *reinterpret_cast<const float4*>(source + i);
      values[i] = four.x;
      values[i + 1] = four.y;
      values[i + 2] = four.z;
      values[i + 3] = four.w;
    }
  }
}

template <int Width>
DEVICE void store(float* target, const float (&values)[Width]) {
  if constexpr (Width == 1) {
    *target = values[0];
  } else {
#pragma unroll
    for (int i = 0; i < Width; i += 4)
      *reinterpret_cast<float4*>(target + i) = make_float4(values[i], values[i + 1], values[i + 2], values[i + 3]);
  }
}

template <int Width>
DEVICE void load(float (&values)[Width], const BFloat16* source) {
  if constexpr (Width == 1) {
    values[0] = bfloat16_low(source->bits);
  } else {
#pragma unroll
    for (int i = 0; i < Width; i += 8) {
      uint4 eight = *reinterpret_cast<const uint4*>(source + i);
      uint32_t pairs[4] = {eight.x, eight.y, eight.z, eight.w};
#pragma unroll
      for (int j = 0; j < 4; j++) values[i + 2 * j] = bfloat16_low(pairs[j]), values[i + 2 * j + 1] = bfloat16_high(pairs[j]);
    }
  }
}

/// Rounds to nearest even.
template <int Width>
DEVICE void store(BFloat16* target, const float (&values)[Width]) {
  if constexpr (Width == 1) {
    target->bits = static_cast<uint16_t>(pack_bfloat16(values[0], 0.0f));
  } else {
#pragma unroll
    for (int i = 0; i < Width; i += 8)
      *reinterpret_cast<uint4*>(target + i) = make_uint4(
          pack_bfloat16(values[i], values[i + 1]), pack_bfloat16(values[i + 2], values[i + 3]),
          pack_bfloat16(values[i + 4], values[i + 5]), pack_bfloat16(values[i + 6], values[i + 7]));
  }
}

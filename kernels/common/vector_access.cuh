// Neighbouring floats of global memory, one or a multiple of four, which lie on 16 bytes then.
#pragma once
#include "common/platform.cuh"

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

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

/// Element i of a tensor that a launch stores as float or as bfloat16.
DEVICE float load_element(const void* tensor, long long i, bool bfloat16) {
  float value[1];
  if (bfloat16) load(value, static_cast<const BFloat16*>(tensor) + i);
  else load(value, static_cast<const float*>(tensor) + i);
  return value[0];
}

DEVICE void store_element(void* tensor, long long i, bool bfloat16, float value) {
  if (bfloat16) store(static_cast<BFloat16*>(tensor) + i, {value});
  else store(static_cast<float*>(tensor) + i, {value});
}

/// Eight neighbouring numbers as they are stored: what waits in registers while a load is under way.
template <class Element>
struct StoredEight;

template <>
struct StoredEight<float> {
  float values[8];

  DEVICE void load(const float* source) { ::load(values, source); }
  DEVICE void widen(float (&target)[8]) const {
#pragma unroll
    for (int i = 0; i < 8; i++) target[i] = values[i];
  }
};

template <>
struct StoredEight<BFloat16> {
  uint4 pairs;

  DEVICE void load(const BFloat16* source) { pairs = *reinterpret_cast<const uint4*>(source); }
  DEVICE void widen(float (&target)[8]) const {
    uint32_t words[4] = {pairs.x, pairs.y, pairs.z, pairs.w};
#pragma unroll
    for (int i = 0; i < 4; i++) target[2 * i] = bfloat16_low(words[i]), target[2 * i + 1] = bfloat16_high(words[i]);
  }
};

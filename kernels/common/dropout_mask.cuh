// Dropout as every kernel reads it: bits that elementwise/dropout.cu has drawn.
#pragma once
#include "common/platform.cuh"

/// Inverted dropout of a tensor. Bit i % 8 of byte i / 8 tells whether element i is kept.
struct DropoutMask {
  const uint8_t* bits;  // of all elements, and three bytes more that `kept` may read; null keeps all
  float scale;          // of kept elements

  DEVICE static DropoutMask none() { return {nullptr, 1.0f}; }

  DEVICE bool active() const { return bits != nullptr; }

  /// Bit i tells whether element 8 * block + i is kept, of an active mask.
  DEVICE uint32_t kept_in_block(uint64_t block) const { return bits[block]; }

  /// The same, also where all are kept.
  DEVICE uint32_t kept_eight(uint64_t block) const { return active() ? kept_in_block(block) : 0xffffffffu; }

  /// Bit i tells whether element first + i is kept, for `count` elements of at most 24.
  DEVICE uint32_t kept(uint64_t first, int count) const {
    if (!active()) return 0xffffffffu;
    const uint8_t* byte = bits + first / 8;
    uint32_t shift = first % 8, found = 0;
#pragma unroll
    for (int i = 0; i * 8 < count + 7; i++) found |= static_cast<uint32_t>(byte[i]) << (8 * i);
    return found >> shift;
  }

  /// An element after dropout, by its bit of `kept`. Rounded here, so that every reader sees the same value whatever it is
  /// contracted with.
  DEVICE float apply(uint32_t kept, int bit, float value) const {
    float scaled = __fmul_rn(value, scale);
    return kept >> bit & 1 ? scaled : 0.0f;
  }
};

/// A mask in registers, for loops that would read it from the parameters for each element.
DEVICE DropoutMask held(const DropoutMask& mask) { return {mask.bits, opaque(mask.scale)}; }

// Philox4x32-10 (Salmon et al., SC 2011) and the dropout mask that is made of it.
#pragma once
#include "common/platform.cuh"

/// Four random words for a 64-bit key and a 128-bit counter.
DEVICE uint4 philox(uint32_t key0, uint32_t key1, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3) {
#pragma unroll
  for (int round = 0; round < 10; round++) {
    uint32_t high0 = __umulhi(0xD2511F53u, c0), low0 = 0xD2511F53u * c0;
    uint32_t high1 = __umulhi(0xCD9E8D57u, c2), low1 = 0xCD9E8D57u * c2;
    c0 = high1 ^ c1 ^ key0;
    c1 = low1;
    c2 = high0 ^ c3 ^ key1;
    c3 = low0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return make_uint4(c0, c1, c2, c3);
}

/// Inverted dropout as a function of the element's number: kept when its 16-bit lane is below `threshold`.
/// Element i has lane i mod 8 (low half of each word first) of the Philox block i / 8.
struct DropoutMask {
  float scale;         // of kept elements
  uint32_t threshold;  // 65536 keeps all
  uint32_t seed0, seed1, stream0, stream1;
  const uint64_t* stream_offset;  // added to the stream when the mask is drawn, for launches that a graph replays; null for 0

  DEVICE static DropoutMask none() { return {1.0f, 65536u, 0, 0, 0, 0, nullptr}; }

  DEVICE bool active() const { return threshold < 65536u; }

  /// Bit i tells whether element 8 * block + i is kept.
  DEVICE uint32_t kept_in_block(uint64_t block) const {
    uint64_t stream = (static_cast<uint64_t>(stream1) << 32 | stream0) + (stream_offset == nullptr ? 0 : *stream_offset);
    uint4 words = philox(
        seed0, seed1, static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), static_cast<uint32_t>(stream),
        static_cast<uint32_t>(stream >> 32));
    uint32_t lanes[4] = {words.x, words.y, words.z, words.w}, bits = 0;
#pragma unroll
    for (int i = 0; i < 8; i++) bits |= ((lanes[i / 2] >> (i % 2 * 16) & 0xffffu) < threshold ? 1u : 0u) << i;
    return bits;
  }

  /// The same, also where all are kept.
  DEVICE uint32_t kept_eight(uint64_t block) const { return active() ? kept_in_block(block) : 0xffffffffu; }

  /// Bit i tells whether element first + i is kept, for `count` elements of at most 24.
  DEVICE uint32_t kept(uint64_t first, int count) const {
    if (!active()) return 0xffffffffu;
    uint32_t bits = 0;
#pragma unroll 1
    for (uint64_t block = first / 8; block <= (first + count - 1) / 8; block++) {
      uint32_t eight = kept_in_block(block);
      bits |= block * 8 >= first ? eight << (block * 8 - first) : eight >> (first - block * 8);
    }
    return bits;
  }

  /// An element after dropout, by its bit of `kept`. Rounded here, so that every reader sees the same value whatever it is
  /// contracted with.
  DEVICE float apply(uint32_t kept, int bit, float value) const {
    return kept >> bit & 1 ? (active() ? __fmul_rn(value, scale) : value) : 0.0f;
  }
};

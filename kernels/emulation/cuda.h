// The CUDA language as the kernels use it, on the host: built-in variables, barriers and warp operations.
// Force-included before every kernel source; the source itself is compiled unchanged.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

#include "block.h"
#include "registry.h"

#define __device__
#define __forceinline__ inline __attribute__((always_inline))
#define __restrict__ __restrict
#define __align__(n) alignas(n)

struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

// One-dimensional blocks, three-dimensional grids: what the kernels are launched with.
#define threadIdx (uint3{static_cast<unsigned>(emulation::current->self().index), 0, 0})
#define blockIdx (emulation::current->index())
#define gridDim (emulation::current->grid())
#define blockDim (uint3{static_cast<unsigned>(emulation::current->threads()), 1, 1})

#define __syncthreads() emulation::current->barrier(__LINE__)

namespace emulation {

/// A warp operation: every lane of the mask deposits its operands, the last to arrive computes, every lane collects.
template <class Deposit, class Compute>
inline void collective(unsigned mask, int site, Deposit deposit, Compute compute) {
  Block& block = *current;
  Warp& warp = block.warp();
  int lane = block.self().lane();
  if (!(mask >> lane & 1)) block.fail("calls a warp operation with a mask that leaves it out");
  if (warp.meeting.arrived > 0 && (warp.mask != mask || warp.meeting.site != site))
    block.fail("lanes of one warp meet in different warp operations or with different masks");
  warp.mask = mask;
  warp.meeting.site = site;
  deposit(warp.deposited[lane]);
  block.meet(warp.meeting, __builtin_popcount(mask), [&] { compute(warp); });
}

template <class T>
inline T shuffle(unsigned mask, T value, int source, int site) {
  static_assert(sizeof(T) <= 8, "shuffles move 4 or 8 bytes");
  collective(
      mask, site, [&](std::uint32_t* registers) { std::memcpy(registers, &value, sizeof value); },
      [](Warp& warp) {
        for (int lane = 0; lane < kWarpSize; lane++) std::memcpy(warp.collected[lane], warp.deposited[lane], 8);
      });
  T result;
  std::memcpy(&result, current->warp().collected[source % kWarpSize], sizeof result);
  return result;
}

}  // namespace emulation

#define __shfl_sync(mask, value, source) emulation::shuffle(mask, value, source, __LINE__)
#define __shfl_xor_sync(mask, value, flip) emulation::shuffle(mask, value, emulation::current->self().lane() ^ (flip), __LINE__)
#define __shfl_down_sync(mask, value, delta)                                                         \
  emulation::shuffle(                                                                                \
      mask, value,                                                                                   \
      emulation::current->self().lane() + (delta) < 32 ? emulation::current->self().lane() + (delta) \
                                                       : emulation::current->self().lane(),          \
      __LINE__)
#define __syncwarp()     \
  emulation::collective( \
      0xffffffffu, __LINE__, [](std::uint32_t*) {}, [](emulation::Warp&) {})

inline float __uint_as_float(unsigned bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
inline unsigned __float_as_uint(float value) {
  unsigned bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}
inline float __fmul_rn(float a, float b) { return a * b; }
#define cospif(x) static_cast<float>(std::cos(3.14159265358979323846 * (x)))
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>(static_cast<std::uint64_t>(a) * b >> 32); }

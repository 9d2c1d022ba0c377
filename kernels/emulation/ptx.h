// Host versions of the wrappers in common/ptx.cuh, with the same names. Asynchronous copies happen as late as the standard
// allows.
#pragma once
#include "cuda.h"

namespace emulation {

inline void require_aligned(const void* pointer, unsigned bytes, const char* what) {
  if (reinterpret_cast<std::uintptr_t>(pointer) % bytes != 0)
    current->fail(std::string(what) + " needs an address that is a multiple of " + std::to_string(bytes));
}

/// Element (row, column) of the i-th 8x8 tile, whose rows lanes 8 i to 8 i + 7 pointed at.
inline std::uint32_t tile_element(const Warp& warp, int tile, int row, int column) {
  std::uint16_t value;
  std::memcpy(&value, reinterpret_cast<const char*>(warp.deposited[tile * 8 + row]) + column * 2, sizeof value);
  return value;
}

inline float bfloat16_at(const std::uint32_t* registers, int index) {
  return __uint_as_float((registers[index / 2] >> (index % 2 * 16) & 0xffffu) << 16);
}

template <bool Transposed>
inline void load_matrices(std::uint32_t (&fragment)[4], const void* row, int site) {
  require_aligned(row, 16, "ldmatrix");
  collective(
      0xffffffffu, site, [&](std::uint32_t* registers) { std::memcpy(registers, row, 16); },
      [](Warp& warp) {
        for (int lane = 0; lane < kWarpSize; lane++)
          for (int tile = 0; tile < 4; tile++) {
            int a = lane / 4, b = lane % 4 * 2;
            warp.collected[lane][tile] = Transposed ? tile_element(warp, tile, b, a) | tile_element(warp, tile, b + 1, a) << 16
                                                    : tile_element(warp, tile, a, b) | tile_element(warp, tile, a, b + 1) << 16;
          }
      });
  std::memcpy(fragment, current->warp().collected[current->self().lane()], 16);
}

/// The 16x8 tile c += a (16x16) b (16x8), with the fragment layout of mma.m16n8k16. Its inner loops run along columns, so that
/// the compiler takes them as vectors: most of an emulated step is spent here.
inline void multiply_tile(Warp& warp) {
  float a[16][16], b[16][8];
  for (int lane = 0; lane < kWarpSize; lane++) {
    const std::uint32_t* registers = warp.deposited[lane];
    int group = lane / 4, pair = lane % 4 * 2;
    for (int i = 0; i < 6; i++) {
      float low = __uint_as_float(registers[i] << 16), high = __uint_as_float(registers[i] & 0xffff0000u);
      if (i < 4) {
        float* row = a[group + i % 2 * 8] + pair + i / 2 * 8;
        row[0] = low, row[1] = high;
      } else {
        int row = pair + (i - 4) * 8;
        b[row][group] = low, b[row + 1][group] = high;
      }
    }
  }
  for (int row = 0; row < 16; row++) {
    float products[8] = {};
    for (int k = 0; k < 16; k++)
      for (int column = 0; column < 8; column++) products[column] += a[row][k] * b[k][column];
    for (int column = 0; column < 8; column++) {
      int lane = row % 8 * 4 + column / 2, i = row / 8 * 2 + column % 2;
      warp.collected[lane][i] = __float_as_uint(__uint_as_float(warp.deposited[lane][6 + i]) + products[column]);
    }
  }
}

}  // namespace emulation

inline void barrier_among(int threads) { emulation::current->barrier_among(threads); }

inline void add_in_place(float* target, float value) { *target += value; }

template <class T>
T opaque(T x) {
  return x;
}

inline float approximate_reciprocal(float x) { return 1.0f / x; }

inline std::uint32_t pack_bfloat16(float low, float high) {
  auto round = [](float value) -> std::uint32_t {
    std::uint32_t bits = __float_as_uint(value);
    return std::isnan(value) ? 0x7fffu : (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
  };
  return round(low) | round(high) << 16;
}

inline void load_matrices(std::uint32_t (&fragment)[4], const void* row) { emulation::load_matrices<false>(fragment, row, 1); }
inline void load_matrices_transposed(std::uint32_t (&fragment)[4], const void* row) {
  emulation::load_matrices<true>(fragment, row, 2);
}

inline void multiply_accumulate(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) {
  emulation::collective(
      0xffffffffu, 3,
      [&](std::uint32_t* registers) {
        std::memcpy(registers, a, 16);
        registers[4] = b0;
        registers[5] = b1;
        std::memcpy(registers + 6, c, 16);
      },
      emulation::multiply_tile);
  std::memcpy(c, emulation::current->warp().collected[emulation::current->self().lane()], 16);
}

inline void copy_async_16(void* target, const void* source) {
  emulation::require_aligned(target, 16, "cp.async");
  emulation::require_aligned(source, 16, "cp.async");
  std::memset(target, 0xFF, 16);  // until the wait, the content is not to be trusted
  emulation::current->self().issued.push_back({target, source, 16});
}

inline void copy_async_16_or_zeros(void* target, const void* source, bool exists) {
  alignas(16) static const char zeros[16] = {};
  copy_async_16(target, exists ? source : zeros);
}

inline void copy_async_commit() {
  emulation::Thread& thread = emulation::current->self();
  thread.committed.push_back(std::move(thread.issued));
  thread.issued.clear();
}

/// Waits until at most `Pending` groups are under way.
template <int Pending>
inline void copy_async_wait() {
  auto& groups = emulation::current->self().committed;
  for (; static_cast<int>(groups.size()) > Pending; groups.pop_front())
    for (const emulation::PendingCopy& copy : groups.front()) std::memcpy(copy.target, copy.source, copy.bytes);
}

// Dropout and rounding to bfloat16 by their definitions.
#pragma once
#include "common/channel_sweep.cuh"
#include "harness.h"

namespace test {

/// Philox4x32-10, written from the paper and not shared with the kernels: 16-bit lane number `element mod 8` of block `element /
/// 8`.
inline unsigned philox_lane(std::uint64_t key, std::uint64_t stream, std::uint64_t element) {
  std::uint32_t counter[4] = {
      static_cast<std::uint32_t>(element / 8), static_cast<std::uint32_t>(element / 8 >> 32), static_cast<std::uint32_t>(stream),
      static_cast<std::uint32_t>(stream >> 32)};
  std::uint32_t k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; round++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
    std::uint64_t a = 0xD2511F53ull * counter[0], b = 0xCD9E8D57ull * counter[2];
    std::uint32_t next[4] = {
        static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ k0, static_cast<std::uint32_t>(b),
        static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ k1, static_cast<std::uint32_t>(a)};
    std::memcpy(counter, next, sizeof next);
  }
  return counter[element % 8 / 2] >> (element % 2 * 16) & 0xffffu;
}

constexpr std::uint64_t kSeed = 0x123456789ABCDEFull, kStream = 0xFEDCBA987654321ull;
constexpr unsigned kThreshold = 49152;

/// Bits of the kept elements, drawn by the definition, and what readers may read behind them.
inline std::vector<std::uint8_t> drawn_bits(std::uint64_t seed, std::uint64_t stream, unsigned threshold, std::size_t elements) {
  std::vector<std::uint8_t> bits((elements + 31) / 32 * 4 + 3);
  for (std::size_t i = 0; i < bits.size() * 8; i++) bits[i / 8] |= (philox_lane(seed, stream, i) < threshold) << i % 8;
  return bits;
}

inline DropoutMask no_dropout() { return DropoutMask::none(); }
/// For tensors of at most 2^18 elements.
inline DropoutMask some_dropout() {
  static const std::vector<std::uint8_t> bits = drawn_bits(kSeed, kStream, kThreshold, 1 << 18);
  return {bits.data(), 65536.0f / kThreshold};
}

/// A sweep in chunks of at most so many positions, and its grid.
struct Sweep {
  ChannelSweep sweep;
  int chunks, tiles;
  const char* suffix;

  Sweep(int positions, int channels, int width, int most) {
    int groups = channels / width, lanes = lanes_of(groups);
    int chunk = std::min(positions, most);
    sweep = {positions, channels, chunk, lanes};
    chunks = (positions + chunk - 1) / chunk;
    tiles = (groups + lanes - 1) / lanes;
    suffix = width == 8 ? "_8" : "";
  }

  template <class Parameters>
  void launch(const std::string& kernel, int samples, const Parameters& p) const {
    test::launch((kernel + suffix).c_str(), chunks, tiles, samples, 256, 0, p);
  }
};

/// Rounded to float, as the kernels do before anything else is made of it.
inline double dropped(const DropoutMask& mask, std::uint64_t element, float value) {
  if (!mask.active()) return value;
  return philox_lane(kSeed, kStream, element) < kThreshold ? value * mask.scale : 0.0f;
}

/// The nearest bfloat16 of a finite number, the even one of two as near.
inline std::uint16_t bfloat16_bits(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  std::uint32_t rest = bits & 0xffffu, kept = bits >> 16;
  return static_cast<std::uint16_t>(kept + (rest > 0x8000u || (rest == 0x8000u && kept % 2 == 1)));
}

inline float bfloat16_value(std::uint16_t stored) {
  std::uint32_t bits = static_cast<std::uint32_t>(stored) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// How numbers are stored as bfloat16, to compare buffers with.
inline std::vector<double> stored_bits(const Buffer<float>& values) {
  std::vector<double> bits(values.size());
  for (std::size_t i = 0; i < bits.size(); i++) bits[i] = bfloat16_bits(values[i]);
  return bits;
}

/// The same numbers, to compare buffers with.
inline std::vector<double> numbers_of(const Buffer<float>& values) { return {values.data(), values.data() + values.size()}; }

}  // namespace test

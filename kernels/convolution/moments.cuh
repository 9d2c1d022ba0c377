// Statistics of a convolution's output, taken from the registers before they are stored.
#pragma once
#include "common/moments.cuh"
#include "convolution/tile.cuh"

/// The output channels of one thread, relative to the tile's: `Runs` runs of `Length` neighbours, run r from `first + r * step`.
template <int Runs, int Length>
struct ThreadChannels {
  static constexpr int kCount = Runs * Length;
  int first, step;

  DEVICE int operator[](int i) const { return first + i / Length * step + i % Length; }
};

/// Sums a value per output channel over `threads` threads: thread group g of `groups` holds the channels of `at`. Returns through
/// `totals`, in shared memory. The order is fixed: within a thread, then by group.
template <class Channels>
DEVICE void sum_by_channel(
    const float (&values)[Channels::kCount], const Channels& at, int group, int groups, int tile, int threads, float* scratch,
    float* totals) {
#pragma unroll
  for (int i = 0; i < Channels::kCount; i++) scratch[group * tile + at[i]] = values[i];
  barrier_among(threads);
  for (int channel = threadIdx.x; channel < tile; channel += threads) {
    float sum = 0;
    for (int g = 0; g < groups; g++) sum += scratch[g * tile + channel];
    totals[channel] = sum;
  }
  barrier_among(threads);
}

/// Positions of the tile that lie in the grid.
DEVICE int tile_positions(const GatherParameters& p, const GatherTile& tile) {
  auto inside = [](int first, int extent, int count) { return first + extent < count ? extent : count - first; };
  return inside(tile.first.depth, p.tile.depth, p.count.depth) * inside(tile.first.height, p.tile.height, p.count.height) *
         inside(tile.first.width, p.tile.width, p.count.width);
}

/// Writes the MomentRecord of the tile's outputs after dropout, by channel: a sweep over the registers for the pivot, and one for
/// the sums of deviations and of their squares. `value(i, j)` is the thread's output at its i-th position and j-th channel,
/// `position(i)` its element in y, or -1.
template <int Positions, int Runs, int Length, class Value, class Position>
DEVICE void store_moments(
    const GatherParameters& p, const GatherTile& tile, int first_channel, const ThreadChannels<Runs, Length>& channels, int group,
    int groups, int tile_channels, int threads, float* scratch, Value value, Position position) {
  if (p.moments == nullptr) return;
  constexpr int kValues = Runs * Length;
  static_assert(Positions * kValues <= 64, "the kept elements of a thread are bits of one word");
  uint64_t kept = 0;  // bit i * kValues + j
  uint32_t inside = 0;
#pragma unroll 1
  for (int i = 0; i < Positions * Runs; i++) {
    long long element = position(i / Runs);
    if (element < 0) continue;
    inside |= 1u << (i / Runs);
    uint64_t run =
        p.moments_dropout.kept(element * p.outputs + first_channel + channels[i % Runs * Length], Length) & ((1u << Length) - 1u);
    kept |= run << (i * Length);
  }
  float* record = p.moments +
                  (static_cast<long long>(tile.sample) * p.tiles.count() + tile.index) * MomentRecord::kRows * p.outputs +
                  first_channel;
  float* totals = scratch + groups * tile_channels;
  float count = static_cast<float>(tile_positions(p, tile)), factor = p.moments_dropout.active() ? p.moments_dropout.scale : 1.0f;
  float pivots[kValues] = {}, sums[kValues];
  // A pivot needs to be near the mean only: what it is off by is in the deviations.
  float share = approximate_reciprocal(count);
  auto write = [&](int row, float factor) {
    for (int channel = threadIdx.x; channel < tile_channels && first_channel + channel < p.outputs; channel += threads)
      record[row * p.outputs + channel] = totals[channel] * factor;
  };
#pragma unroll
  for (int row = MomentRecord::kPivot; row <= MomentRecord::kSquares; row++) {
#pragma unroll
    for (int j = 0; j < kValues; j++) sums[j] = 0.0f;
#pragma unroll
    for (int i = 0; i < Positions; i++) {
      if ((inside >> i & 1) == 0) continue;
#pragma unroll
      for (int j = 0; j < kValues; j++) {
        float deviation = (kept >> (i * kValues + j) & 1 ? __fmul_rn(value(i, j), factor) : 0.0f) - pivots[j];
        sums[j] += row == MomentRecord::kSquares ? deviation * deviation : deviation;
      }
    }
    sum_by_channel(sums, channels, group, groups, tile_channels, threads, scratch, totals);
    if (row == MomentRecord::kPivot) {
      write(row, share);
#pragma unroll
      for (int j = 0; j < kValues; j++) pivots[j] = totals[channels[j]] * share;
    } else {
      write(row, 1.0f);
    }
  }
  for (int channel = threadIdx.x; channel < tile_channels && first_channel + channel < p.outputs; channel += threads)
    record[MomentRecord::kCount * p.outputs + channel] = count;
}

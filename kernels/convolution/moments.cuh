// Statistics of a convolution's output, taken from the registers that hold it.
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

/// Sums over the rows of a warp, in which `Lanes` lanes side by side hold other channels, and stores each sum once, by its
/// number. Of every two values a lane gives one away and keeps the other: 7 exchanges sum 8 values over 8 rows instead of 24.
template <int Lanes, int Count, class Store>
DEVICE void sum_rows(float (&values)[Count], Store store) {
  int lane = threadIdx.x % 32, first = 0, left = Count;
  bool stores = true;
#pragma unroll
  for (int flip = 16; flip >= Lanes; flip /= 2) {
    bool upper = (lane & flip) != 0;
    if (left == 1) {
      values[0] += __shfl_xor_sync(0xffffffffu, values[0], flip);
      stores = stores && !upper;
      continue;
    }
    left /= 2;
#pragma unroll
    for (int i = 0; i < Count / 2; i++) {
      if (i >= left) break;
      float given = upper ? values[i] : values[i + left];
      values[i] = (upper ? values[i + left] : values[i]) + __shfl_xor_sync(0xffffffffu, given, flip);
    }
    first += upper ? left : 0;
  }
  if (!stores) return;
#pragma unroll
  for (int i = 0; i < Count; i++)
    if (i < left) store(first + i, values[i]);
}

/// Dropout of the outputs of a thread in the order of tensor cores: the four lanes of a quad have two channels each of every
/// eight, and draw a quarter of the bits each. `elements`: the positions' first elements in the sample, or -1; `first`: the
/// sample's; `channels`: how many there are from there on.
template <int Positions, int Runs, class Value>
DEVICE void drop_by_quads(const DropoutMask& mask, long long first, const int (&elements)[Positions], int channels, Value value) {
  constexpr int kShare = Runs < 4 ? 1 : Runs / 4;
  int lane = threadIdx.x % 32, quad_lane = lane % 4;
  uint32_t drawn[Positions];  // a byte for each run of eight
#pragma unroll
  for (int i = 0; i < Positions; i++) drawn[i] = mask.active() ? 0 : 0xffffffffu;
#pragma unroll 1
  for (int run = 0; run < kShare; run++) {
    int channel = (quad_lane * kShare + run) * 8;
    if (!mask.active() || channel >= channels) break;
#pragma unroll
    for (int i = 0; i < Positions; i++)
      if (elements[i] >= 0) drawn[i] |= (mask.kept(first + elements[i] + channel, 8) & 0xff) << (run * 8);
  }
#pragma unroll
  for (int i = 0; i < Positions; i++)
#pragma unroll
    for (int run = 0; run < Runs; run += kShare) {
      uint32_t kept = __shfl_sync(0xffffffffu, drawn[i], lane - quad_lane + run / kShare) >> (quad_lane * 2);
#pragma unroll
      for (int j = 0; j < kShare * 2; j++) {
        float& output = value(i, run * 2 + j);
        output = mask.apply(kept, j / 2 * 8 + j % 2, output);
      }
    }
}

/// Positions of the tile that lie in the grid.
DEVICE int tile_positions(const GatherParameters& p, const GatherTile& tile) {
  auto inside = [](int first, int extent, int count) { return first + extent < count ? extent : count - first; };
  return inside(tile.first.depth, p.tile.depth, p.count.depth) * inside(tile.first.height, p.tile.height, p.count.height) *
         inside(tile.first.width, p.tile.width, p.count.width);
}

/// The MomentRecord of a tile's outputs, by channel. Threads hold them in registers, in warps whose rows are `Lanes` lanes side
/// by side with the channels `Channels`. The order of sums is fixed by that alone: within a thread, over the rows, over the
/// warps.
template <int Tile, int Threads, int Lanes, int Positions, class Channels>
struct TileMoments {
  static constexpr int kWarps = Threads / 32, kTogether = Channels::kCount < 8 ? Channels::kCount : 8;
  static_assert(Tile <= Threads, "a thread adds up a channel's sums");

  /// What `store` needs of shared memory: two sums per warp and channel, and a pivot per channel.
  static constexpr int kScratchBytes = (2 * kWarps + 1) * Tile * 4;

  /// Sums of deviations by warp and, of two `Quantities`, of their squares.
  template <int Quantities, class Value>
  DEVICE static void sum(
      const Channels& channels, const int (&elements)[Positions], const float* pivots, float* scratch, Value value) {
    constexpr int kChannels = kTogether / Quantities;
    float* sums = scratch + threadIdx.x / 32 * Tile;
#pragma unroll
    for (int first = 0; first < Channels::kCount; first += kChannels) {
      float values[kTogether] = {};
#pragma unroll
      for (int j = 0; j < kChannels; j++) {
        float pivot = Quantities == 2 ? pivots[channels[first + j]] : 0.0f;
#pragma unroll
        for (int i = 0; i < Positions; i++) {
          if (elements[i] < 0) continue;
          float deviation = value(i, first + j) - pivot;
          values[j] += deviation;
          if constexpr (Quantities == 2) values[kChannels + j] += deviation * deviation;
        }
      }
      sum_rows<Lanes>(
          values, [&](int i, float value) { sums[i / kChannels * kWarps * Tile + channels[first + i % kChannels]] = value; });
    }
  }

  DEVICE static float sum_over_warps(const float* sums) {
    float sum = 0;
#pragma unroll
    for (int warp = 0; warp < kWarps; warp++) sum += sums[warp * Tile + threadIdx.x];
    return sum;
  }

  /// `elements`: the first elements of the thread's positions, or -1; `value(i, j)`: the thread's output at its i-th position and
  /// j-th channel, after dropout.
  template <class Value>
  DEVICE static void store(
      const GatherParameters& p, const GatherTile& tile, int first_channel, const Channels& channels,
      const int (&elements)[Positions], float* scratch, Value value) {
    float *pivots = scratch + 2 * kWarps * Tile, count = static_cast<float>(tile_positions(p, tile));
    bool adds = threadIdx.x < Tile;
    sum<1>(channels, elements, nullptr, scratch, value);
    barrier_among(Threads);
    // A pivot needs to be near the mean only: what it is off by is in the deviations.
    if (adds) pivots[threadIdx.x] = sum_over_warps(scratch) * approximate_reciprocal(count);
    barrier_among(Threads);
    sum<2>(channels, elements, pivots, scratch, value);
    barrier_among(Threads);
    int channel = first_channel + threadIdx.x;
    if (adds && channel < p.outputs) {
      float* record = p.moments +
                      (static_cast<long long>(tile.sample) * p.tiles.count() + tile.index) * MomentRecord::kRows * p.outputs +
                      channel;
      record[MomentRecord::kCount * p.outputs] = count;
      record[MomentRecord::kPivot * p.outputs] = pivots[threadIdx.x];
      record[MomentRecord::kDeviations * p.outputs] = sum_over_warps(scratch);
      record[MomentRecord::kSquares * p.outputs] = sum_over_warps(scratch + kWarps * Tile);
    }
    barrier_among(Threads);  // the sums of the next tile overwrite what was read here
  }
};

// The portable gather: float arithmetic on the CUDA cores. A block computes 128 positions x `Tile` output channels; a thread 8 x
// 4 of them.
#pragma once
#include "convolution/moments.cuh"

template <int Tile>
struct SimtGather {
  static constexpr int kPositions = 8, kGroups = 16, kColumns = Tile / 4, kThreads = kGroups * kColumns;

  /// Floats between neighbouring halo elements: a multiple of 4 for 16-byte reads, off the power of two for the banks.
  DEVICE static int pitch(int chunk) { return chunk + 4; }

  /// Starts the copy of one tap's weights for one chunk into its buffer.
  DEVICE static void load_weights(const GatherParameters& p, int stage, float* buffer) {
    int floats = p.chunk * Tile;
    const float* source =
        static_cast<const float*>(p.weights) + (static_cast<long long>(blockIdx.y) * stages(p) + stage) * floats;
    for (int i = threadIdx.x * 4; i < floats; i += kThreads * 4) copy_async_16(buffer + i, source + i);
    copy_async_commit();
  }

  DEVICE static int stages(const GatherParameters& p) { return (p.channels + p.chunk - 1) / p.chunk * p.taps.count(); }

  DEVICE static void load_halo(const GatherParameters& p, const GatherTile& tile, int channel, float* halo) {
    int quads = p.chunk / 4, at_a_time = kThreads / quads, first = threadIdx.x / quads, offset = threadIdx.x % quads * 4;
    if (first >= at_a_time) return;  // of 3 quads, whose number does not divide the threads'
    with_channel_transform<4>(
        p.transform, tile.sample, channel + offset, p.channels,
        FillHalo{p, tile, channel + offset, first, at_a_time, halo + offset});
  }

  /// The loop over a thread's positions of the halo, with the same four channels.
  struct FillHalo {
    const GatherParameters& p;
    const GatherTile& tile;
    int channel, first, step;
    float* halo;

    template <class Transform>
    DEVICE void operator()(const Transform& transform) const {
      long long first_element = static_cast<long long>(tile.sample) * p.input.count() * p.channels + channel;
      const float* x = static_cast<const float*>(p.x) + first_element;
      BoxWalk walk(first, unflatten(step, p.halo), tile.halo_from, p.halo);
      for (int i = first; i < p.halo.count(); i += step) {
        int position = input_position(walk.at, p.input, p.symmetric);
        walk.advance(p.halo);
        float values[4] = {};
        if (position >= 0) {
          load_existing(values, x + position * p.channels, p.channels - channel, p.channels % 4 == 0);
          transform.apply(values, transform.kept(first_element + position * p.channels));
        }
        ::store(halo + i * pitch(p.chunk), values);
      }
    }
  };

  DEVICE static void run(const GatherParameters& p, int sample = blockIdx.z) {
    DYNAMIC_SHARED(shared);
    int* tap_offsets = reinterpret_cast<int*>(shared);
    float *weights = reinterpret_cast<float*>(shared + TapOffsets::bytes(p)),
          *halo = weights + 2 * p.chunk * Tile;  // two buffers of weights
    GatherTile tile(p, blockIdx.x, sample);
    int column = threadIdx.x % kColumns, group = threadIdx.x / kColumns, taps = p.taps.count(), first_channel = blockIdx.y * Tile;

    int elements[kPositions];
    float sums[kPositions][4];
#pragma unroll
    for (int i = 0; i < kPositions; i++) {
      elements[i] = GatherTile::halo_index(p, unflatten(group + i * kGroups, p.tile)) * pitch(p.chunk);
#pragma unroll
      for (int j = 0; j < 4; j++)
        sums[i][j] =
            p.bias != nullptr && first_channel + column * 4 + j < p.outputs ? p.bias[first_channel + column * 4 + j] : 0.0f;
    }

    int last = stages(p);
    TapOffsets::store(p, tap_offsets, kThreads);
    load_weights(p, 0, weights);
    for (int stage = 0, tap = 0, first = 0; stage < last; stage++) {
      if (tap == 0) load_halo(p, tile, first, halo);
      if (stage + 1 < last) {
        load_weights(p, stage + 1, weights + (stage + 1) % 2 * p.chunk * Tile);
        copy_async_wait<1>();
      } else {
        copy_async_wait<0>();
      }
      __syncthreads();
      const float* tap_weights = weights + stage % 2 * p.chunk * Tile + column * 4;
      const float* tap_halo = halo + tap_offsets[tap] * pitch(p.chunk);
      for (int channel = 0; channel < p.chunk; channel += 4) {
        float4 w[4];
#pragma unroll
        for (int j = 0; j < 4; j++) w[j] = *reinterpret_cast<const float4*>(tap_weights + (channel + j) * Tile);
#pragma unroll
        for (int i = 0; i < kPositions; i++) {
          float4 a = *reinterpret_cast<const float4*>(tap_halo + elements[i] + channel);
          sums[i][0] += a.x * w[0].x + a.y * w[1].x + a.z * w[2].x + a.w * w[3].x;
          sums[i][1] += a.x * w[0].y + a.y * w[1].y + a.z * w[2].y + a.w * w[3].y;
          sums[i][2] += a.x * w[0].z + a.y * w[1].z + a.z * w[2].z + a.w * w[3].z;
          sums[i][3] += a.x * w[0].w + a.y * w[1].w + a.z * w[2].w + a.w * w[3].w;
        }
      }
      if (++tap == taps) {
        tap = 0;
        first += p.chunk;
      }
      __syncthreads();  // the next stage overwrites what was read here
    }

    int outputs[kPositions];  // elements of the sample, with the tile's first channel
    int channels = p.outputs - first_channel;
    long long first_output = tile.first_output(p);
#pragma unroll
    for (int i = 0; i < kPositions; i++) {
      int element = tile.output_element(p, unflatten(group + i * kGroups, p.tile));
      outputs[i] = element < 0 ? -1 : element + first_channel;
      if (element < 0) continue;
#pragma unroll
      for (int j = 0; j < 4; j++) {
        if (column * 4 + j >= channels) continue;
        long long element = first_output + outputs[i] + column * 4 + j;
        if (p.accumulate) sums[i][j] += load_element(p.y, element, p.y_bfloat16);
        store_element(p.y, element, p.y_bfloat16, sums[i][j]);
      }
    }
    if (p.moments == nullptr) return;
    if (p.moments_dropout.active()) {
#pragma unroll
      for (int i = 0; i < kPositions; i++) {
        if (outputs[i] < 0) continue;
        uint32_t kept = p.moments_dropout.kept(first_output + outputs[i] + column * 4, 4);
#pragma unroll
        for (int j = 0; j < 4; j++) sums[i][j] = p.moments_dropout.apply(kept, j, sums[i][j]);
      }
    }
    TileMoments<Tile, kThreads, kColumns, kPositions, ThreadChannels<1, 4>>::store(
        p, tile, first_channel, {column * 4, 0}, outputs, reinterpret_cast<float*>(shared),
        [&](int i, int j) { return sums[i][j]; });
  }
};

// The tensor-core gather (sm_80 and later): bfloat16 products, float sums. A block of four warps computes 128 positions x `Tile`
// output channels, a warp 32 of the positions. `Parts` bfloat16 numbers stand for each float: 1 (bf16), 2 (bf16x3: three
// products) or 3 (bf16x6: six products, float accuracy). Shared memory holds planes of eight channels, [part][channel /
// 8][element][8]: a tap is a shift of the row addresses, whatever its dilation. Chunks are narrower where there are few channels;
// with one plane, two taps are side by side along the products' inner axis.
#pragma once
#include "convolution/moments.cuh"
#include "convolution/plane_loader.cuh"
#include "convolution/quad_store.cuh"

/// Channels that a chunk has at most.
template <int Parts>
constexpr int kWidestChunk = Parts == 3 ? 16 : 32;

template <int Tile, int Parts, int Chunk = kWidestChunk<Parts>>
struct MmaGather {
  static constexpr int kThreads = 128, kRows = 2, kColumns = Tile / 8;
  static constexpr int kChunk = Chunk, kPlanes = kChunk / 8;
  static constexpr int kTapBytes = Parts * kChunk * Tile * 2;

  /// Taps side by side in a product, whose inner axis has 16 channels, and the rows of weights between its halves.
  static constexpr int kTogether = kPlanes == 1 ? 2 : 1, kHalfRows = kPlanes == 1 ? Parts * Tile : Tile;

  using HaloLoader = PlaneLoader<kThreads, kPlanes, Parts, 4>;

  /// Taps whose weights travel together.
  static constexpr int kTapsPerStage = 3 * kWidestChunk<Parts> / kChunk;

  DEVICE static void load_weights(const GatherParameters& p, int stage, int taps, int stages_per_chunk, char* buffer) {
    int chunk = stage / stages_per_chunk, first = stage % stages_per_chunk * kTapsPerStage;
    int bytes = (taps - first < kTapsPerStage ? taps - first : kTapsPerStage) * kTapBytes;
    int chunks = (p.channels + kChunk - 1) / kChunk;
    const char* source =
        static_cast<const char*>(p.weights) + ((static_cast<long long>(blockIdx.y) * chunks + chunk) * taps + first) * kTapBytes;
    for (int i = threadIdx.x * 16; i < bytes; i += kThreads * 16) copy_async_16(buffer + i, source + i);
    copy_async_commit();
    if (kTogether == 1 || bytes % (2 * kTapBytes) == 0) return;
    // The last tap has none beside it.
    for (int i = threadIdx.x * 16; i < kTapBytes; i += kThreads * 16)
      *reinterpret_cast<uint4*>(buffer + bytes + i) = make_uint4(0, 0, 0, 0);
  }

  DEVICE static void load_halo(
      const GatherParameters& p, const HaloLoader& loader, const GatherTile& tile, int channel, char* halo) {
    int elements = p.halo.count();
    PositionSource source{p.x, p.input, p.channels, p.symmetric};
    if (Parts == 1 && p.x_bfloat16) {
      loader.template load<BFloat16>(source, tile.sample, channel, p.transform, tile.halo_from, elements * 16, halo);
      return copy_async_commit();
    }
    if (p.channels % 8 == 0)
      return loader.template load<float>(source, tile.sample, channel, p.transform, tile.halo_from, elements * 16, halo);
    int plane = threadIdx.x % kPlanes, first = threadIdx.x / kPlanes;
    BoxWalk walk(first, loader.step, tile.halo_from, p.halo);
    for (int i = first; i < elements; i += HaloLoader::kPositions) {
      int position = input_position(walk.at, p.input, p.symmetric);
      walk.advance(p.halo);
      float values[8] = {};
      if (position >= 0)
        load_channels(
            values, static_cast<const float*>(p.x), static_cast<long long>(tile.sample) * p.input.count() + position, tile.sample,
            channel + plane * 8, p.channels, p.transform);
      uint4 parts[Parts];
      split_bfloat16(values, parts);
#pragma unroll
      for (int part = 0; part < Parts; part++)
        *reinterpret_cast<uint4*>(halo + ((part * kPlanes + plane) * elements + i) * 16) = parts[part];
    }
  }

  /// All products of one tap and chunk, or of two taps, the small ones first. `tap_offset`: of the tap whose rows the lane points
  /// at.
  DEVICE static void multiply_tap(
      const char* halo, int halo_elements, const int (&rows)[kRows], int tap_offset, const char* weights,
      float (&sums)[kRows][kColumns][4]) {
    int lane = threadIdx.x % 32, plane = kTogether == 2 ? 0 : lane / 16;
#pragma unroll
    for (int k = 0; k < kPlanes * kTogether / 2; k++) {
      uint32_t a[Parts][kRows][4];
#pragma unroll
      for (int part = 0; part < Parts; part++)
#pragma unroll
        for (int i = 0; i < kRows; i++)
          load_matrices(a[part][i], halo + ((part * kPlanes + k * 2 + plane) * halo_elements + rows[i] + tap_offset) * 16);
#pragma unroll
      for (int j = 0; j < kColumns; j += 2) {
        uint32_t b[Parts][4];
#pragma unroll
        for (int part = 0; part < Parts; part++)
          load_matrices(
              b[part],
              weights + ((part * kPlanes + k * 2) * Tile + lane / 8 % 2 * kHalfRows + j * 8 + lane % 8 + lane / 16 * 8) * 16);
#pragma unroll
        for (int order = Parts - 1; order >= 0; order--)
#pragma unroll
          for (int part = 0; part <= order; part++)
#pragma unroll
            for (int i = 0; i < kRows; i++) {
              multiply_accumulate(sums[i][j], a[part][i], b[order - part][0], b[order - part][1]);
              multiply_accumulate(sums[i][j + 1], a[part][i], b[order - part][2], b[order - part][3]);
            }
      }
    }
  }

  DEVICE static void run(const GatherParameters& p, int sample = blockIdx.z) {
    DYNAMIC_SHARED(shared);
    constexpr int kStageBytes = kTapsPerStage * kTapBytes;
    int* tap_offsets = reinterpret_cast<int*>(shared);
    char *weights = shared + TapOffsets::bytes(p), *halo = weights + 2 * kStageBytes;  // two buffers of weights
    GatherTile tile(p, blockIdx.x, sample);
    HaloLoader loader(threadIdx.x, p.halo);
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32, taps = p.taps.count(), first_channel = blockIdx.y * Tile;
    int stages_per_chunk = (taps + kTapsPerStage - 1) / kTapsPerStage;

    int rows[kRows];
#pragma unroll
    for (int i = 0; i < kRows; i++) rows[i] = GatherTile::halo_index(p, unflatten(warp * 32 + i * 16 + lane % 16, p.tile));
    float sums[kRows][kColumns][4];
    float chunk_sums[Parts == 3 ? kRows : 1][Parts == 3 ? kColumns : 1][4];
#pragma unroll
    for (int i = 0; i < kRows; i++)
#pragma unroll
      for (int j = 0; j < kColumns; j++)
#pragma unroll
        for (int e = 0; e < 4; e++) sums[i][j][e] = 0.0f;

    int last = (p.channels + kChunk - 1) / kChunk * stages_per_chunk;
    TapOffsets::store(p, tap_offsets, kThreads);
    load_weights(p, 0, taps, stages_per_chunk, weights);
    for (int stage = 0; stage < last; stage++) {
      int first = stage % stages_per_chunk * kTapsPerStage;
      if (first == 0) load_halo(p, loader, tile, stage / stages_per_chunk * kChunk, halo);
      if (stage + 1 < last) {
        load_weights(p, stage + 1, taps, stages_per_chunk, weights + (stage + 1) % 2 * kStageBytes);
        copy_async_wait<1>();
      } else {
        copy_async_wait<0>();
      }
      __syncthreads();
      if constexpr (Parts == 3) {
        // Tensor cores cut off low bits when they align addends: short sums, added up in float.
#pragma unroll
        for (int i = 0; i < kRows; i++)
#pragma unroll
          for (int j = 0; j < kColumns; j++)
#pragma unroll
            for (int e = 0; e < 4; e++) chunk_sums[i][j][e] = 0.0f;
      }
      for (int tap = first; tap < taps && tap < first + kTapsPerStage; tap += kTogether) {
        const char* tap_weights = weights + stage % 2 * kStageBytes + (tap - first) * kTapBytes;
        int offset = tap_offsets[kTogether == 2 && lane >= 16 && tap + 1 < taps ? tap + 1 : tap];
        if constexpr (Parts == 3) multiply_tap(halo, p.halo.count(), rows, offset, tap_weights, chunk_sums);
        else multiply_tap(halo, p.halo.count(), rows, offset, tap_weights, sums);
      }
      if constexpr (Parts == 3) {
#pragma unroll
        for (int i = 0; i < kRows; i++)
#pragma unroll
          for (int j = 0; j < kColumns; j++)
#pragma unroll
            for (int e = 0; e < 4; e++) sums[i][j][e] += chunk_sums[i][j][e];
      }
      __syncthreads();  // the next stage overwrites what was read here
    }

    // Fragment element e of tile (i, j) is row lane / 4 + 8 (e / 2), column 2 (lane % 4) + e % 2.
    auto value = [&](int i, int j) -> float& { return sums[i / 2][j / 2][i % 2 * 2 + j % 2]; };
    ThreadChannels<kColumns, 2> channels{lane % 4 * 2, 8};
    int elements[kRows * 2];  // of the sample, with the tile's first channel
    long long first_output = tile.first_output(p);
    bool narrow = Parts == 1 && p.y_bfloat16;
#pragma unroll
    for (int i = 0; i < kRows * 2; i++) {
      int element = tile.output_element(p, unflatten(warp * 32 + i * 8 + lane / 4, p.tile));
      elements[i] = element < 0 ? -1 : element + first_channel;
    }
#pragma unroll
    for (int j = 0; j < kColumns * 2; j++) {
      if (first_channel + channels[j] >= p.outputs) continue;
      float bias = p.bias != nullptr ? p.bias[first_channel + channels[j]] : 0.0f;
#pragma unroll
      for (int i = 0; i < kRows * 2; i++) {
        if (elements[i] < 0) continue;
        float &target = static_cast<float*>(p.y)[first_output + elements[i] + channels[j]], &sum = value(i, j);
        sum += bias;
        if (narrow) continue;
        if (p.accumulate) sum += target;
        target = sum;
      }
    }
    if constexpr (Parts == 1) {
      if (narrow)
        store_bfloat16_by_quads<kRows * 2, kColumns>(
            static_cast<BFloat16*>(p.y) + first_output, elements, p.outputs - first_channel, p.accumulate, value);
    }
    if (p.moments == nullptr) return;
    drop_by_quads<kRows * 2, kColumns>(p.moments_dropout, first_output, elements, p.outputs - first_channel, value);
    TileMoments<Tile, kThreads, 4, kRows * 2, ThreadChannels<kColumns, 2>>::store(
        p, tile, first_channel, channels, elements, reinterpret_cast<float*>(shared), value);
  }
};

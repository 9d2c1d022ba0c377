// The weight gradient of Hopper (sm_90a). A block has 64 channels, 64 outputs and 3x3 taps, so that what it loads serves nine
// taps: three consumer warpgroups have a row of taps each, while the producer warpgroup loads the next tile of positions through
// the input transform, or in bf16 sends for it. Both operands lie in planes of eight channels, a tap is a shift of x's address,
// and positions are the inner axis: eight neighbours along the width are a tile of 128 bytes, two of which make a product.
// Outputs are its rows, from registers; channels its columns.
#pragma once
#include "convolution/plane_producer.cuh"
#include "convolution/warpgroup.cuh"

/// Output positions of one sample, and the input that a block's taps read for them.
struct PositionTile {
  int sample;
  Size3 first, halo_from;

  DEVICE PositionTile(const WeightGradientParameters& p, int index, const Size3& first_tap) {
    sample = index / p.tiles.count();
    Size3 tile = unflatten(index % p.tiles.count(), p.tiles);
    first = {tile.depth * p.tile.depth, tile.height * p.tile.height, tile.width * p.tile.width};
    halo_from = {
        first.depth * p.stride.depth + first_tap.depth * p.dilation.depth - p.pad.depth,
        first.height * p.stride.height + first_tap.height * p.dilation.height - p.pad.height,
        first.width + first_tap.width * p.dilation.width - p.pad.width};
  }
};

/// What its producers are: in bf16 both tensors are operands.
template <int Threads, int Planes, int Parts, int InFlight>
struct WeightGradientProducer {
  using Type = LoadingProducer<Threads, Planes, Parts, InFlight>;
};
template <int Threads, int Planes, int InFlight>
struct WeightGradientProducer<Threads, Planes, 1, InFlight> {
  using Type = CopyingProducer<Threads, Planes>;
};

template <int Parts>
struct WgmmaWeightGradient {
  static constexpr int kTile = 64, kPlanes = kTile / 8, kTaps = 3, kConsumers = 3, kConsumerThreads = kConsumers * 128,
                       kProducerThreads = 128;
  static constexpr int kThreads = kConsumerThreads + kProducerThreads, kStages = 2, kMostPositions = 256, kChunk = 16,
                       kHeaderBytes = 128;

  /// Of a thread, out of 65536 per multiprocessor.
  static constexpr int kProducerRegisters = 104, kConsumerRegisters = 136;

  /// The output gradient, which is taken as it is, has registers for more loads.
  using Loader = typename WeightGradientProducer<kProducerThreads, kPlanes, Parts, 5>::Type;
  using GradientLoader = typename WeightGradientProducer<kProducerThreads, kPlanes, Parts, 8>::Type;

  struct Header {
    uint64_t full[kStages], empty[kStages];
    uint32_t chunks[kMostPositions / kChunk];  // where the halo has 16 positions of a tile: the low words of their descriptors
  };
  static_assert(sizeof(Header) <= kHeaderBytes, "the header lies before the stages");

  /// What all warps of a block agree on.
  struct Block {
    int first_channel, first_output, from, to;  // tiles of positions
    Size3 first_tap;
    int x_pitch, gy_pitch, stage_bytes;
    float* partial;

    DEVICE explicit Block(const WeightGradientParameters& p) {
      int rows = p.kernel.height / kConsumers, columns = p.kernel.width / kTaps, group = blockIdx.y;
      first_channel = static_cast<int>(blockIdx.x) % p.channel_tiles * kTile;
      first_output = static_cast<int>(blockIdx.x) / p.channel_tiles * kTile;
      first_tap = {group / columns / rows, group / columns % rows * kConsumers, group % columns * kTaps};
      int tiles = p.samples * p.tiles.count();
      from = blockIdx.z * p.tiles_per_split;
      to = from + p.tiles_per_split < tiles ? from + p.tiles_per_split : tiles;
      x_pitch = pitch(p.halo.count());
      gy_pitch = pitch(p.tile.count());
      stage_bytes = Parts * kPlanes * (x_pitch + gy_pitch) * 16;
      partial = p.partial + static_cast<long long>(blockIdx.z) * p.kernel.count() * p.channels * p.outputs;
    }
  };

  DEVICE static int pitch(int positions) { return PlaneLoader<kProducerThreads, kPlanes, Parts, 1>::pitch(positions); }

  /// Element of the halo that the tile's m-th position reads under the first tap.
  DEVICE static int halo_index(const WeightGradientParameters& p, int m) {
    Size3 at = unflatten(m, p.tile);
    return (at.depth * p.stride.depth * p.halo.height + at.height * p.stride.height) * p.halo.width + at.width;
  }

  DEVICE static void load(const WeightGradientParameters& p, const Block& block, int thread, char* stages, Header& header) {
    const Loader x_loader(thread, p.halo);
    const GradientLoader gy_loader(thread, p.tile);
    const InputTransform identity = InputTransform::none();
    const PlaneSource x_source{p.x, p.input, p.channels, p.symmetric, p.x_bfloat16, p.transform, p.x_operand},
        gy_source{p.gy, p.output, p.outputs, false, p.gy_bfloat16, identity, p.gy_operand};
    for (int index = block.from; index < block.to; index++) {
      int step = index - block.from, stage = step % kStages;
      char *x = stages + stage * block.stage_bytes, *gy = x + Parts * kPlanes * block.x_pitch * 16;
      PositionTile tile(p, index, block.first_tap);
      barrier_wait_watched(&header.empty[stage], step / kStages % 2 ^ 1);
      x_loader.load(x_source, tile.sample, block.first_channel, tile.halo_from, block.x_pitch * 16, x, &header.full[stage]);
      gy_loader.load(gy_source, tile.sample, block.first_output, tile.first, block.gy_pitch * 16, gy, &header.full[stage]);
    }
    await_readers(header.empty, block.to - block.from);
  }

  /// Starts the products of 16 positions with a row of taps, the small ones first. `x`: the low word of the descriptor under the
  /// row's first tap.
  DEVICE static void multiply_chunk(
      const WeightGradientParameters& p, const Block& block, uint32_t x, const char* gy, uint32_t (&gradient)[Parts][4],
      float (&sums)[kTaps][kTile / 2]) {
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % 4;
    warpgroup_wait<0>();  // for the products that read what is overwritten now; those of the other warpgroups go on
#pragma unroll
    for (int part = 0; part < Parts; part++)
      load_matrices_transposed(
          gradient[part], gy + ((part * kPlanes + warp * 2 + lane / 8 % 2) * block.gy_pitch + lane / 16 * 8 + lane % 8) * 16);
    warpgroup_fence();
#pragma unroll
    for (int order = Parts - 1; order >= 0; order--)
#pragma unroll
      for (int part = 0; part <= order; part++)
#pragma unroll
        for (int tap = 0; tap < kTaps; tap++)
          warpgroup_multiply_transposed(
              sums[tap], gradient[part],
              matrix_descriptor(0, 0, block.x_pitch * 16) |
                  (x + (order - part) * kPlanes * block.x_pitch + tap * p.dilation.width));
    warpgroup_commit();
  }

  /// Writes or adds the sums of this warpgroup's taps, and clears them. Thread element e is row lane / 4 + 8 (e / 2 % 2) of its
  /// warp's 16, column e / 4 * 8 + 2 (lane % 4) + e % 2.
  DEVICE static void store(const WeightGradientParameters& p, const Block& block, bool add, float (&sums)[kTaps][kTile / 2]) {
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % 4, row = block.first_tap.height + static_cast<int>(threadIdx.x) / 128;
    int outputs = opaque(p.outputs), output = block.first_output + warp * 16 + lane / 4,
        first_channel = block.first_channel + lane % 4 * 2;
    long long tap =
        (static_cast<long long>(block.first_tap.depth) * p.kernel.height + row) * p.kernel.width + block.first_tap.width;
    float* target = block.partial + (tap * p.channels + first_channel) * outputs + output;
#pragma unroll
    for (int tap = 0; tap < kTaps; tap++, target += static_cast<long long>(p.channels) * outputs) {
#pragma unroll
      for (int e = 0; e < kTile / 2; e++) {
        int channel = e / 4 * 8 + e % 2, row = e / 2 % 2 * 8;
        if (first_channel + channel < p.channels && output + row < outputs) {
          float* element = target + channel * outputs + row;
          if (add) add_in_place(element, sums[tap][e]);
          else *element = sums[tap][e];
        }
        sums[tap][e] = 0.0f;
      }
    }
  }

  DEVICE static void multiply(const WeightGradientParameters& p, const Block& block, char* stages, Header& header) {
    int chunks = p.tile.count() / kChunk;
    uint32_t row_offset = threadIdx.x / 128 * p.dilation.height * p.halo.width;
    float sums[kTaps][kTile / 2] = {};
    uint32_t gradient[Parts][4];
    for (int index = block.from; index < block.to; index++) {
      int step = index - block.from, stage = step % kStages;
      const char *x = stages + stage * block.stage_bytes, *gy = x + Parts * kPlanes * block.x_pitch * 16;
      uint32_t x_offset = shared_address(x) / 16 + row_offset;
      barrier_wait(&header.full[stage], step / kStages % 2);
#pragma unroll 1
      for (int chunk = 0; chunk < chunks; chunk++)
        multiply_chunk(p, block, header.chunks[chunk] + x_offset, gy + chunk * kChunk * 16, gradient, sums);
      warpgroup_wait<0>();
      release_buffer(&header.empty[stage]);
      // Tensor cores cut off low bits when they align addends: short sums where that shows, added up in float.
      if ((step + 1) % p.tiles_per_sum == 0 || index + 1 == block.to) store(p, block, step >= p.tiles_per_sum, sums);
    }
  }

  DEVICE static void run(const WeightGradientParameters& p) {
    DYNAMIC_SHARED(shared);
    Header& header = *reinterpret_cast<Header*>(shared);
    char* stages = shared + kHeaderBytes;
    Block block(p);
    if (threadIdx.x == 0) {
      for (int i = 0; i < kStages; i++) {
        barrier_initialize(&header.full[i], Loader::kArrivals + GradientLoader::kArrivals);
        barrier_initialize(&header.empty[i], kConsumerThreads / 32);
      }
      fence_async_proxy();
    }
    int m = static_cast<int>(threadIdx.x) * kChunk;
    if (m < p.tile.count())
      header.chunks[threadIdx.x] = static_cast<uint32_t>(halo_index(p, m) | (halo_index(p, m + 8) - halo_index(p, m)) << 16);
    __syncthreads();
    if (threadIdx.x >= kConsumerThreads) {
      lower_registers<kProducerRegisters>();
      load(p, block, threadIdx.x - kConsumerThreads, stages, header);
    } else {
      raise_registers<kConsumerRegisters>();
      multiply(p, block, stages, header);
    }
  }
};

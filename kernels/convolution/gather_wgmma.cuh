// The gather of Hopper (sm_90a): products of whole warpgroups straight from shared memory. Two consumer warpgroups multiply while a producer warpgroup loads: one of its warps
// sends for the weights, a tap at a time, into a ring of stages; the other three load the halo of the next chunk of channels through the input transform.
// Shared memory and packed weights have the layout of gather_mma.cuh; a tap is a shift of the descriptor's address.
#pragma once
#include "common/bfloat16.cuh"
#include "convolution/moments.cuh"

template <int Tile, int Parts>
struct WgmmaGather {
  static constexpr int kConsumers = 2, kConsumerThreads = kConsumers * 128, kHaloThreads = 96, kThreads = kConsumerThreads + 128;
  static constexpr int kChunk = Parts == 3 ? 16 : 32, kPlanes = kChunk / 8;
  static constexpr int kTapBytes = Parts * kChunk * Tile * 2, kStages = 4, kHalos = 2, kBarrierBytes = 128;

  /// A patch is 8x8 positions, the rows of one product. float sums of chunks (bf16x6) take the registers of a second one.
  static constexpr int kPatches = Parts == 3 ? 1 : 2;

  /// Of a thread, out of 65536 per multiprocessor.
  static constexpr int kProducerRegisters = 88, kConsumerRegisters = 208;

  struct Barriers {
    uint64_t weights_full[kStages], weights_empty[kStages], halo_full[kHalos], halo_empty[kHalos];
  };
  static_assert(sizeof(Barriers) <= kBarrierBytes, "the barriers lie before the weights");

  /// Core tiles of 8 rows x 16 bytes, without swizzle: bytes between tiles along the inner and along the outer axis.
  DEVICE static uint64_t descriptor(uint32_t address, int leading, int stride) {
    return static_cast<uint64_t>(address >> 4) | static_cast<uint64_t>(leading >> 4) << 16 | static_cast<uint64_t>(stride >> 4) << 32;
  }

  /// Position number `row` of a patch, counted as the tile counts; behind its last for patches that the tile does not have.
  DEVICE static int position_in_tile(const GatherParameters& p, int patch, int row) {
    int across = p.tile.width / 8, down = p.tile.height / 8;
    int height = patch / across % down * 8 + row / 8, width = patch % across * 8 + row % 8;
    return (patch / across / down * p.tile.height + height) * p.tile.width + width;
  }

  DEVICE static void load_weights(const GatherParameters& p, int steps, char* stages, Barriers& barriers) {
    const char* source = static_cast<const char*>(p.weights) + static_cast<long long>(blockIdx.y) * steps * kTapBytes;
    for (int step = 0; step < steps; step++) {
      int stage = step % kStages;
      barrier_wait(&barriers.weights_empty[stage], step / kStages % 2 ^ 1);
      barrier_arrive_expecting(&barriers.weights_full[stage], kTapBytes);
      copy_bulk(stages + stage * kTapBytes, source + static_cast<long long>(step) * kTapBytes, kTapBytes, &barriers.weights_full[stage]);
    }
  }

  DEVICE static void load_halos(const GatherParameters& p, const GatherTile& tile, int thread, int chunks, int halo_bytes, char* halos, Barriers& barriers) {
    int elements = p.halo.count();
    for (int chunk = 0; chunk < chunks; chunk++) {
      char* halo = halos + chunk % kHalos * halo_bytes;
      barrier_wait(&barriers.halo_empty[chunk % kHalos], chunk / kHalos % 2 ^ 1);
      for (int i = thread; i < elements * kPlanes; i += kHaloThreads) {
        int element = i / kPlanes, plane = i % kPlanes;
        long long position = tile.halo_position(p, element);
        float values[8] = {0, 0, 0, 0, 0, 0, 0, 0};
        if (position >= 0) load_channels(values, p.x, position, tile.sample, chunk * kChunk + plane * 8, p.channels, p.transform);
        uint4 parts[Parts];
        split_bfloat16(values, parts);
#pragma unroll
        for (int part = 0; part < Parts; part++) *reinterpret_cast<uint4*>(halo + ((part * kPlanes + plane) * elements + element) * 16) = parts[part];
      }
      fence_async_proxy();
      barrier_arrive(&barriers.halo_full[chunk % kHalos]);
    }
  }

  /// Starts all products of one tap and chunk, the small ones first.
  DEVICE static void multiply_tap(const uint32_t (&patches)[kPatches], int elements, int row_pitch, uint32_t weights, float (&sums)[kPatches][Tile / 2]) {
#pragma unroll
    for (int k = 0; k < kPlanes; k += 2)
#pragma unroll
      for (int order = Parts - 1; order >= 0; order--)
#pragma unroll
        for (int part = 0; part <= order; part++)
#pragma unroll
          for (int i = 0; i < kPatches; i++)
            warpgroup_multiply(sums[i], descriptor(patches[i] + (part * kPlanes + k) * elements * 16, elements * 16, row_pitch),
                               descriptor(weights + ((order - part) * kPlanes + k) * Tile * 16, Tile * 16, 128));
  }

  DEVICE static void clear(float (&sums)[kPatches][Tile / 2]) {
#pragma unroll
    for (int i = 0; i < kPatches; i++)
#pragma unroll
      for (int j = 0; j < Tile / 2; j++) sums[i][j] = 0.0f;
  }

  /// One arrival per warp, whose products have been waited for.
  DEVICE static void release(uint64_t* barrier) {
    __syncwarp();
    if (threadIdx.x % 32 == 0) barrier_arrive(barrier);
  }

  DEVICE static void multiply(const GatherParameters& p, const GatherTile& tile, int chunks, int halo_bytes, char* stages, char* halos, Barriers& barriers,
                              float (&sums)[kPatches][Tile / 2]) {
    int taps = p.taps.count(), elements = p.halo.count(), row_pitch = p.halo.width * p.input_step.height * 16, first_patch = threadIdx.x / 128 * kPatches;
    clear(sums);
    for (int chunk = 0, step = 0; chunk < chunks; chunk++) {
      float chunk_sums[Parts == 3 ? kPatches : 1][Parts == 3 ? Tile / 2 : 1];
      if constexpr (Parts == 3) clear(chunk_sums);
      barrier_wait(&barriers.halo_full[chunk % kHalos], chunk / kHalos % 2);
      uint32_t halo = shared_address(halos + chunk % kHalos * halo_bytes);
      for (int tap = 0; tap < taps; tap++, step++) {
        int stage = step % kStages, offset = GatherTile::tap_offset(p, tap);
        uint32_t patches[kPatches];
#pragma unroll
        for (int i = 0; i < kPatches; i++) patches[i] = halo + (tile.halo_index(p, position_in_tile(p, first_patch + i, 0)) + offset) * 16;
        barrier_wait(&barriers.weights_full[stage], step / kStages % 2);
        warpgroup_fence();
        if constexpr (Parts == 3)
          multiply_tap(patches, elements, row_pitch, shared_address(stages + stage * kTapBytes), chunk_sums);
        else
          multiply_tap(patches, elements, row_pitch, shared_address(stages + stage * kTapBytes), sums);
        warpgroup_commit();
        if (tap == 0) continue;
        warpgroup_wait<1>();  // the tap before is done
        release(&barriers.weights_empty[(step - 1) % kStages]);
      }
      warpgroup_wait<0>();
      release(&barriers.weights_empty[(step - 1) % kStages]);
      release(&barriers.halo_empty[chunk % kHalos]);
      if constexpr (Parts == 3) {
        // Tensor cores cut off low bits when they align addends: short sums, added up in float.
#pragma unroll
        for (int i = 0; i < kPatches; i++)
#pragma unroll
          for (int j = 0; j < Tile / 2; j++) sums[i][j] += chunk_sums[i][j];
      }
    }
  }

  /// Bias, output and statistics. Thread element e is row lane / 4 + 8 (e / 2 % 2) of its warp's 16, column e / 4 * 8 + 2 (lane % 4) + e % 2.
  DEVICE static void store(const GatherParameters& p, const GatherTile& tile, float* scratch, float (&sums)[kPatches][Tile / 2]) {
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32, first_channel = blockIdx.y * Tile;
    auto position = [&](int i) { return tile.output_position(p, position_in_tile(p, warp / 4 * kPatches + i / 2, warp % 4 * 16 + i % 2 * 8 + lane / 4)); };
    long long elements[kPatches * 2];
#pragma unroll
    for (int i = 0; i < kPatches * 2; i++) elements[i] = position(i);
#pragma unroll
    for (int j = 0; j < Tile / 4; j++) {
      int channel = first_channel + j / 2 * 8 + lane % 4 * 2 + j % 2;
      if (channel >= p.outputs) continue;
      float bias = p.bias != nullptr ? p.bias[channel] : 0.0f;
#pragma unroll
      for (int i = 0; i < kPatches * 2; i++) {
        if (elements[i] < 0) continue;
        float *target = p.y + elements[i] * p.outputs + channel, &sum = sums[i / 2][j / 2 * 4 + i % 2 * 2 + j % 2];
        sum += bias;
        if (p.accumulate) sum += *target;
        *target = sum;
      }
    }
    // A quarter of the channels at a time: their statistics in registers beside all sums.
    constexpr int kRuns = Tile / 32;
#pragma unroll
    for (int quarter = 0; quarter < 4; quarter++) {
      if (p.moments == nullptr || first_channel + quarter * kRuns * 8 >= p.outputs) continue;
      __syncthreads();  // the other warps are done with what lies there
      store_moments<kPatches * 2>(p, tile, first_channel + quarter * kRuns * 8, ThreadChannels<kRuns, 2>{lane % 4 * 2, 8}, warp * 8 + lane / 4, kConsumerThreads / 4, kRuns * 8,
                                  kConsumerThreads, scratch, [&](int i, int j) { return sums[i / 2][(quarter * kRuns + j / 2) * 4 + i % 2 * 2 + j % 2]; }, position);
    }
  }

  DEVICE static void run(const GatherParameters& p) {
    DYNAMIC_SHARED(shared);
    Barriers& barriers = *reinterpret_cast<Barriers*>(shared);
    char *stages = shared + kBarrierBytes, *halos = stages + kStages * kTapBytes;
    GatherTile tile(p);
    int chunks = (p.channels + kChunk - 1) / kChunk, halo_bytes = p.halo.count() * kChunk * 2 * Parts;
    if (threadIdx.x == 0) {
      for (int i = 0; i < kStages; i++) {
        barrier_initialize(&barriers.weights_full[i], 1);
        barrier_initialize(&barriers.weights_empty[i], kConsumerThreads / 32);
      }
      for (int i = 0; i < kHalos; i++) {
        barrier_initialize(&barriers.halo_full[i], kHaloThreads);
        barrier_initialize(&barriers.halo_empty[i], kConsumerThreads / 32);
      }
      fence_async_proxy();
    }
    __syncthreads();
    if (threadIdx.x >= kConsumerThreads) {
      lower_registers<kProducerRegisters>();
      int thread = threadIdx.x - kConsumerThreads;
      if (thread >= 32)
        load_halos(p, tile, thread - 32, chunks, halo_bytes, halos, barriers);
      else if (thread == 0)
        load_weights(p, chunks * p.taps.count(), stages, barriers);
    } else {
      raise_registers<kConsumerRegisters>();
      float sums[kPatches][Tile / 2];
      multiply(p, tile, chunks, halo_bytes, stages, halos, barriers, sums);
      store(p, tile, reinterpret_cast<float*>(stages), sums);
    }
  }
};

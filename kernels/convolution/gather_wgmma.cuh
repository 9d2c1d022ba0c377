// The gather of Hopper (sm_90a): products of whole warpgroups straight from shared memory. Two consumer warpgroups multiply while
// a producer warpgroup loads: one of its warps sends for the weights, a tap at a time, into a ring of stages; the other three
// load the halo of the next chunk of channels through the input transform, or send for it where there is an operand. A block
// stays for several tiles: the producers are at the next one while the consumers store. Two blocks are a cluster: they have the
// same outputs and share the weights, of which each sends for one half, to both. Shared memory and packed weights have the layout
// of gather_mma.cuh; a tap is a shift of the descriptor's address.
#pragma once
#include "convolution/moments.cuh"
#include "convolution/plane_producer.cuh"
#include "convolution/quad_store.cuh"
#include "convolution/warpgroup.cuh"

/// `TakesOperand`: whether x may be an operand, as a data gradient's is where the weight gradient reads the same one.
template <int Tile, int Parts, bool TakesOperand = false>
struct WgmmaGather {
  static constexpr int kCluster = 2, kConsumers = 2, kConsumerThreads = kConsumers * 128, kHaloThreads = 96,
                       kThreads = kConsumerThreads + 128;
  static constexpr int kChunk = Parts == 3 ? 16 : 32, kPlanes = kChunk / 8;
  static constexpr int kTapBytes = Parts * kChunk * Tile * 2, kShareBytes = kTapBytes / kCluster, kStages = 4, kHalos = 2,
                       kBarrierBytes = 128;

  /// A patch is 8x8 positions, the rows of one product. float sums of chunks (bf16x6) take the registers of a second one.
  static constexpr int kPatches = Parts == 3 ? 1 : 2;

  /// Output positions of a consumer thread.
  static constexpr int kPositions = kPatches * 2;

  using Statistics = TileMoments<Tile, kConsumerThreads, 4, kPositions, ThreadChannels<Tile / 8, 2>>;

  /// Of a thread, out of 65536 per multiprocessor.
  static constexpr int kProducerRegisters = 120, kConsumerRegisters = 192;

  using HaloLoader = PlaneLoader<kHaloThreads, kPlanes, Parts, 5>;
  using LoadingHalos = LoadingProducer<kHaloThreads, kPlanes, Parts, 5>;
  using CopyingHalos = CopyingProducer<kHaloThreads, kPlanes>;

  struct Barriers {
    uint64_t weights_full[kStages], weights_empty[kStages], halo_full[kHalos], halo_empty[kHalos];
  };
  static_assert(sizeof(Barriers) <= kBarrierBytes, "the barriers lie before the weights");

  /// Where in the tile a patch begins; behind its last slice for patches that the tile does not have.
  DEVICE static Size3 patch_start(const GatherParameters& p, int patch) {
    Size3 at = unflatten(patch, {p.tile.depth, p.tile.height / 8, p.tile.width / 8});
    return {at.depth, at.height * 8, at.width * 8};
  }

  /// Visits the block's tiles of positions and the number of their tile of outputs, one after the other. The blocks of a cluster
  /// have neighbours, in step; where there is none for the last, it has a tile behind the last sample's, with nothing in it.
  template <class Visit>
  DEVICE static void each_tile(const GatherParameters& p, Visit visit) {
    int tiles = p.tiles.count(), output_tiles = (p.outputs + Tile - 1) / Tile,
        groups = (p.samples * tiles + kCluster - 1) / kCluster;
    for (int i = blockIdx.x / kCluster; i < groups * output_tiles; i += gridDim.x / kCluster) {
      int number = i % groups * kCluster + cluster_rank(), sample = number / tiles < p.samples ? number / tiles : p.samples - 1;
      visit(GatherTile(p, number - sample * tiles, sample), i / groups);
    }
  }

  /// Sends for this block's share of the weights of a tile, for all blocks of the cluster. `step` counts the taps of all tiles
  /// and chunks.
  DEVICE static void load_weights(
      const GatherParameters& p, int output_tile, int steps, char* stages, Barriers& barriers, uint32_t& step) {
    int share = cluster_rank() * kShareBytes;
    const char* source = static_cast<const char*>(p.weights) + static_cast<long long>(output_tile) * steps * kTapBytes + share;
    for (uint32_t end = step + steps; step < end; step++, source += kTapBytes) {
      uint32_t stage = step % kStages;
      barrier_wait_watched(&barriers.weights_empty[stage], step / kStages % 2 ^ 1);
      barrier_arrive_expecting(&barriers.weights_full[stage], kTapBytes);
      copy_bulk_multicast(
          stages + stage * kTapBytes + share, source, kShareBytes, &barriers.weights_full[stage], (1 << kCluster) - 1);
    }
  }

  DEVICE static bool copies(const GatherParameters& p) { return TakesOperand && p.operand.extent.width > 0; }

  /// Fills the halos of a tile; with zeros where there is no such tile. `loaded` counts those of all tiles.
  template <class Producer>
  DEVICE static void load_halos(
      const GatherParameters& p, const Producer& producer, const GatherTile& tile, int chunks, int halo_bytes, char* halos,
      Barriers& barriers, uint32_t& loaded) {
    PlaneSource source{p.x,         p.input,  tile.index < p.tiles.count() ? p.channels : 0, p.symmetric, p.x_bfloat16,
                       p.transform, p.operand};
    for (int chunk = 0; chunk < chunks; chunk++, loaded++) {
      uint32_t halo = loaded % kHalos;
      barrier_wait_watched(&barriers.halo_empty[halo], loaded / kHalos % 2 ^ 1);
      producer.load(
          source, tile.sample, chunk * kChunk, tile.halo_from, HaloLoader::pitch(p.halo.count()) * 16, halos + halo * halo_bytes,
          &barriers.halo_full[halo]);
    }
  }

  /// The halos of all tiles, by three of the warps.
  template <class Producer>
  DEVICE static void load_all_halos(
      const GatherParameters& p, int thread, int chunks, int halo_bytes, char* halos, Barriers& barriers) {
    uint32_t loaded = 0;
    Producer producer(thread, p.halo);
    each_tile(
        p, [&](const GatherTile& tile, int) { load_halos(p, producer, tile, chunks, halo_bytes, halos, barriers, loaded); });
    await_readers(barriers.halo_empty, loaded);
  }

  /// Starts all products of one tap and chunk, the small ones first. `patches` and `weights` are matrices of the first part and
  /// plane, `plane` rows lie between two planes of the halo.
  DEVICE static void multiply_tap(
      const uint64_t (&patches)[kPatches], int plane, uint64_t weights, float (&sums)[kPatches][Tile / 2]) {
#pragma unroll
    for (int k = 0; k < kPlanes; k += 2)
#pragma unroll
      for (int order = Parts - 1; order >= 0; order--)
#pragma unroll
        for (int part = 0; part <= order; part++)
#pragma unroll
          for (int i = 0; i < kPatches; i++)
            warpgroup_multiply(
                sums[i], moved_by(patches[i], (part * kPlanes + k) * plane),
                moved_by(weights, ((order - part) * kPlanes + k) * Tile));
  }

  DEVICE static void clear(float (&sums)[kPatches][Tile / 2]) {
#pragma unroll
    for (int i = 0; i < kPatches; i++)
#pragma unroll
      for (int j = 0; j < Tile / 2; j++) sums[i][j] = 0.0f;
  }

  /// The sums of a tile. `step` and `loaded` count what the producers count.
  DEVICE static void multiply(
      const GatherParameters& p, const int* tap_offsets, int chunks, int halo_bytes, char* stages, char* halos,
      Barriers& barriers, uint32_t& step, uint32_t& loaded, float (&sums)[kPatches][Tile / 2]) {
    int taps = p.taps.count(), plane = HaloLoader::pitch(p.halo.count()), row_pitch = p.halo.width * p.input_step.height * 16;
    uint64_t weights = matrix_descriptor(opaque(shared_address(stages)), Tile * 16, 128);
    int patch_rows[kPatches];  // of the halo
#pragma unroll
    for (int i = 0; i < kPatches; i++)
      patch_rows[i] = GatherTile::halo_index(p, patch_start(p, opaque(threadIdx.x) / 128 * kPatches + i));
    clear(sums);
    for (int chunk = 0; chunk < chunks; chunk++, loaded++) {
      float chunk_sums[Parts == 3 ? kPatches : 1][Parts == 3 ? Tile / 2 : 1];
      if constexpr (Parts == 3) clear(chunk_sums);
      barrier_wait(&barriers.halo_full[loaded % kHalos], loaded / kHalos % 2);
      uint64_t halo = matrix_descriptor(shared_address(halos + loaded % kHalos * halo_bytes), plane * 16, row_pitch);
      for (int tap = 0; tap < taps; tap++, step++) {
        uint32_t stage = step % kStages;
        int offset = tap_offsets[tap];
        uint64_t patches[kPatches], tap_weights = moved_by(weights, stage * kTapBytes / 16);
#pragma unroll
        for (int i = 0; i < kPatches; i++) patches[i] = moved_by(halo, patch_rows[i] + offset);
        barrier_wait(&barriers.weights_full[stage], step / kStages % 2);
        warpgroup_fence();
        if constexpr (Parts == 3) multiply_tap(patches, plane, tap_weights, chunk_sums);
        else multiply_tap(patches, plane, tap_weights, sums);
        warpgroup_commit();
        warpgroup_wait<1>();  // the tap before is done
        if (tap > 0) release_buffer_of_cluster<kCluster>(&barriers.weights_empty[(step - 1) % kStages]);
      }
      warpgroup_wait<0>();
      release_buffer_of_cluster<kCluster>(&barriers.weights_empty[(step - 1) % kStages]);
      release_buffer(&barriers.halo_empty[loaded % kHalos]);
      if constexpr (Parts == 3) {
        // Tensor cores cut off low bits when they align addends: short sums, added up in float.
#pragma unroll
        for (int i = 0; i < kPatches; i++)
#pragma unroll
          for (int j = 0; j < Tile / 2; j++) sums[i][j] += chunk_sums[i][j];
      }
    }
  }

  /// Bias, output and statistics. Thread element e is row lane / 4 + 8 (e / 2 % 2) of its warp's 16, column e / 4 * 8 + 2 (lane %
  /// 4) + e % 2.
  DEVICE static void store(
      const GatherParameters& p, const GatherTile& tile, int output_tile, float* scratch, float (&sums)[kPatches][Tile / 2]) {
    if (tile.index == p.tiles.count()) return;  // there is no such tile
    int thread = opaque(threadIdx.x), lane = thread % 32, warp = thread / 32, first_channel = output_tile * Tile;
    int elements[kPositions];  // of the sample, with the tile's first channel
    float* targets[kPositions];
    long long first = tile.first_output(p);
    bool narrow = Parts == 1 && p.y_bfloat16;
#pragma unroll
    for (int i = 0; i < kPositions; i++) {
      Size3 patch = patch_start(p, warp / 4 * kPatches + i / 2);
      int element = tile.output_element(p, patch + Size3{0, warp % 4 * 2 + i % 2, lane / 4});
      elements[i] = element < 0 ? -1 : element + first_channel;
      targets[i] = static_cast<float*>(p.y) + first + elements[i] + lane % 4 * 2;
    }
#pragma unroll
    for (int j = 0; j < Tile / 8; j++) {
      int channel = first_channel + j * 8 + lane % 4 * 2;
      bool exists = channel < p.outputs;
      float2 bias = make_float2(0, 0);
      if (exists && p.bias != nullptr) bias = *reinterpret_cast<const float2*>(p.bias + channel);
#pragma unroll
      for (int i = 0; i < kPositions; i++) {
        float2* target = reinterpret_cast<float2*>(targets[i] + j * 8);
        float &low = sums[i / 2][j * 4 + i % 2 * 2], &high = sums[i / 2][j * 4 + i % 2 * 2 + 1];
        float2 before = make_float2(0, 0);
        if (!narrow && p.accumulate && exists && elements[i] >= 0) before = *target;
        low = low + bias.x + before.x;
        high = high + bias.y + before.y;
        if (!narrow && exists && elements[i] >= 0) *target = make_float2(low, high);
      }
    }
    auto value = [&](int i, int j) -> float& { return sums[i / 2][j / 2 * 4 + i % 2 * 2 + j % 2]; };
    if constexpr (Parts == 1) {
      if (narrow)
        store_bfloat16_by_quads<kPositions, Tile / 8>(
            static_cast<BFloat16*>(p.y) + first, elements, p.outputs - first_channel, p.accumulate, value);
    }
    if (p.moments == nullptr) return;
    drop_by_quads<kPositions, Tile / 8>(p.moments_dropout, first, elements, p.outputs - first_channel, value);
    Statistics::store(p, tile, first_channel, {lane % 4 * 2, 8}, elements, scratch, value);
  }

  DEVICE static void run(const GatherParameters& p) {
    DYNAMIC_SHARED(shared);
    Barriers& barriers = *reinterpret_cast<Barriers*>(shared);
    int* tap_offsets = reinterpret_cast<int*>(shared + kBarrierBytes);
    char *scratch = shared + kBarrierBytes + TapOffsets::bytes(p), *stages = scratch + Statistics::kScratchBytes,
         *halos = stages + kStages * kTapBytes;
    int chunks = (p.channels + kChunk - 1) / kChunk, halo_bytes = HaloLoader::pitch(p.halo.count()) * kChunk * 2 * Parts;
    uint32_t step = 0, loaded = 0;
    TapOffsets::store(p, tap_offsets, kThreads);
    if (threadIdx.x == 0) {
      for (int i = 0; i < kStages; i++) {
        barrier_initialize(&barriers.weights_full[i], 1);
        barrier_initialize(&barriers.weights_empty[i], kCluster * kConsumerThreads / 32);
      }
      for (int i = 0; i < kHalos; i++) {
        barrier_initialize(&barriers.halo_full[i], copies(p) ? CopyingHalos::kArrivals : LoadingHalos::kArrivals);
        barrier_initialize(&barriers.halo_empty[i], kConsumerThreads / 32);
      }
      fence_async_proxy();
      fence_barrier_initialization();
    }
    cluster_barrier();
    if (threadIdx.x >= kConsumerThreads) {
      lower_registers<kProducerRegisters>();
      int thread = threadIdx.x - kConsumerThreads;
      if (thread >= 32) {
        if (copies(p)) load_all_halos<CopyingHalos>(p, thread - 32, chunks, halo_bytes, halos, barriers);
        else load_all_halos<LoadingHalos>(p, thread - 32, chunks, halo_bytes, halos, barriers);
      } else if (thread == 0) {
        each_tile(p, [&](const GatherTile&, int output_tile) {
          load_weights(p, output_tile, chunks * p.taps.count(), stages, barriers, step);
        });
        await_readers(barriers.weights_empty, step);
      }
    } else {
      raise_registers<kConsumerRegisters>();
      float sums[kPatches][Tile / 2];
      each_tile(p, [&](const GatherTile& tile, int output_tile) {
        multiply(p, tap_offsets, chunks, halo_bytes, stages, halos, barriers, step, loaded, sums);
        store(p, tile, output_tile, reinterpret_cast<float*>(scratch), sums);
      });
    }
    cluster_barrier();  // no block ends while another still arrives at its barriers
  }
};

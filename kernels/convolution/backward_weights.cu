// gw[t, c, k] = sum over positions of transform(x) * gy: a matrix product with the positions as its inner axis. A block takes one
// tap (Hopper's: a group of nine), a tile of channels x outputs and one split of the positions; the splits are added in order by
// a second kernel.
#include "common/bfloat16.cuh"
#include "convolution/weight_gradient_tile.cuh"
#ifdef HAS_WARPGROUP_MATRICES
#include "convolution/weight_gradient_wgmma.cuh"
#endif

namespace {

/// Float arithmetic. 256 threads in groups, each group sums 4 x 4 elements per thread over its share of a stage; the groups are
/// added in order at the end.
template <int Tile>
struct SimtWeightGradient {
  static constexpr int kThreads = 256, kSide = Tile / 4, kGroups = kThreads / (kSide * kSide), kStage = 16,
                       kPerGroup = kStage / kGroups, kPitch = Tile + 4;

  struct Shared {
    float x[kStage][kPitch], gy[kStage][kPitch];
    float sums[kGroups > 1 ? kGroups : 1][kGroups > 1 ? Tile* Tile : 1];
  };

  DEVICE static void run(const WeightGradientParameters& p) {
    DYNAMIC_SHARED(dynamic);
    Shared& shared = *reinterpret_cast<Shared*>(dynamic);
    WeightGradientTile<Tile, Tile> tile(p);
    int group = threadIdx.x / (kSide * kSide), row = threadIdx.x % (kSide * kSide) / kSide * 4, column = threadIdx.x % kSide * 4;
    float sums[4][4] = {};
    for (int stage = tile.from; stage < tile.to; stage += kStage) {
      for (int i = threadIdx.x; i < kStage * kSide; i += kThreads) {
        int position = i / kSide, channel = i % kSide * 4;
        float x[4], gy[4];
        tile.load_input(p, stage + position, channel, x);
        tile.load_gradient(p, stage + position, channel, gy);
        *reinterpret_cast<float4*>(&shared.x[position][channel]) = make_float4(x[0], x[1], x[2], x[3]);
        *reinterpret_cast<float4*>(&shared.gy[position][channel]) = make_float4(gy[0], gy[1], gy[2], gy[3]);
      }
      __syncthreads();
#pragma unroll
      for (int k = 0; k < kPerGroup; k++) {
        float4 a = *reinterpret_cast<const float4*>(&shared.x[group * kPerGroup + k][row]),
               b = *reinterpret_cast<const float4*>(&shared.gy[group * kPerGroup + k][column]);
        float as[4] = {a.x, a.y, a.z, a.w}, bs[4] = {b.x, b.y, b.z, b.w};
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
          for (int j = 0; j < 4; j++) sums[i][j] += as[i] * bs[j];
      }
      __syncthreads();  // the next stage overwrites what was read here
    }
    if constexpr (kGroups == 1) {
#pragma unroll
      for (int i = 0; i < 4; i++)
#pragma unroll
        for (int j = 0; j < 4; j++) tile.store(p, row + i, column + j, sums[i][j]);
    } else {
#pragma unroll
      for (int i = 0; i < 4; i++)
#pragma unroll
        for (int j = 0; j < 4; j++) shared.sums[group][(row + i) * Tile + column + j] = sums[i][j];
      __syncthreads();
      for (int i = threadIdx.x; i < Tile * Tile; i += kThreads) {
        float sum = 0;
        for (int g = 0; g < kGroups; g++) sum += shared.sums[g][i];
        tile.store(p, i / Tile, i % Tile, sum);
      }
    }
  }
};

/// Tensor cores: channels are the rows, outputs the columns and positions the inner axis of the product. Both operands lie in
/// shared memory as [part][channel / 8][position][8], the layout of the gather kernels, and are transposed on their way to the
/// registers.
template <int Tile, int Parts>
struct MmaWeightGradient {
  static constexpr int kThreads = 128, kStage = 32, kPlanes = Tile / 8, kRows = Tile / 32, kColumns = Tile / 16;

  struct Shared {
    uint4 x[Parts][kPlanes][kStage], gy[Parts][kPlanes][kStage];
  };

  DEVICE static void load_stage(
      const WeightGradientParameters& p, const WeightGradientTile<Tile, Tile>& tile, int stage, Shared& shared) {
    for (int i = threadIdx.x; i < kStage * kPlanes; i += kThreads) {
      int position = i / kPlanes, plane = i % kPlanes;
      float values[8];
      uint4 parts[Parts];
      tile.load_input(p, stage + position, plane * 8, values);
      split_bfloat16(values, parts);
#pragma unroll
      for (int part = 0; part < Parts; part++) shared.x[part][plane][position] = parts[part];
      tile.load_gradient(p, stage + position, plane * 8, values);
      split_bfloat16(values, parts);
#pragma unroll
      for (int part = 0; part < Parts; part++) shared.gy[part][plane][position] = parts[part];
    }
  }

  DEVICE static void run(const WeightGradientParameters& p) {
    DYNAMIC_SHARED(dynamic);
    Shared& shared = *reinterpret_cast<Shared*>(dynamic);
    WeightGradientTile<Tile, Tile> tile(p);
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32, row_plane = warp / 2 * kRows * 2, column_plane = warp % 2 * kColumns;
    float sums[kRows][kColumns][4] = {};
    for (int stage = tile.from; stage < tile.to; stage += kStage) {
      load_stage(p, tile, stage, shared);
      __syncthreads();
      float stage_sums[kRows][kColumns][4] = {};
#pragma unroll
      for (int k = 0; k < kStage; k += 16) {
        uint32_t a[Parts][kRows][4];
#pragma unroll
        for (int part = 0; part < Parts; part++)
#pragma unroll
          for (int i = 0; i < kRows; i++)
            load_matrices_transposed(a[part][i], &shared.x[part][row_plane + i * 2 + lane / 8 % 2][k + lane / 16 * 8 + lane % 8]);
#pragma unroll
        for (int j = 0; j < kColumns; j += 2) {
          uint32_t b[Parts][4];
#pragma unroll
          for (int part = 0; part < Parts; part++)
            load_matrices_transposed(b[part], &shared.gy[part][column_plane + j + lane / 16][k + lane / 8 % 2 * 8 + lane % 8]);
#pragma unroll
          for (int order = Parts - 1; order >= 0; order--)
#pragma unroll
            for (int part = 0; part <= order; part++)
#pragma unroll
              for (int i = 0; i < kRows; i++) {
                multiply_accumulate(stage_sums[i][j], a[part][i], b[order - part][0], b[order - part][1]);
                multiply_accumulate(stage_sums[i][j + 1], a[part][i], b[order - part][2], b[order - part][3]);
              }
        }
      }
      // Tensor cores cut off low bits when they align addends: short sums, added up in float.
#pragma unroll
      for (int i = 0; i < kRows; i++)
#pragma unroll
        for (int j = 0; j < kColumns; j++)
#pragma unroll
          for (int e = 0; e < 4; e++) sums[i][j][e] += stage_sums[i][j][e];
      __syncthreads();  // the next stage overwrites what was read here
    }
#pragma unroll
    for (int i = 0; i < kRows; i++)
#pragma unroll
      for (int j = 0; j < kColumns; j++)
#pragma unroll
        for (int e = 0; e < 4; e++)
          tile.store(
              p, row_plane * 8 + i * 16 + lane / 4 + e / 2 * 8, column_plane * 8 + j * 8 + lane % 4 * 2 + e % 2, sums[i][j][e]);
  }
};

}  // namespace

KERNEL(convolution_backward_weights_simt_16, 256, WeightGradientParameters) { SimtWeightGradient<16>::run(p); }
KERNEL(convolution_backward_weights_simt_64, 256, WeightGradientParameters) { SimtWeightGradient<64>::run(p); }

KERNEL(convolution_backward_weights_bf16_32, 128, WeightGradientParameters) { MmaWeightGradient<32, 1>::run(p); }
KERNEL(convolution_backward_weights_bf16_64, 128, WeightGradientParameters) { MmaWeightGradient<64, 1>::run(p); }
KERNEL(convolution_backward_weights_bf16x3_32, 128, WeightGradientParameters) { MmaWeightGradient<32, 2>::run(p); }
KERNEL(convolution_backward_weights_bf16x3_64, 128, WeightGradientParameters) { MmaWeightGradient<64, 2>::run(p); }
KERNEL(convolution_backward_weights_bf16x6_32, 128, WeightGradientParameters) { MmaWeightGradient<32, 3>::run(p); }
KERNEL(convolution_backward_weights_bf16x6_64, 128, WeightGradientParameters) { MmaWeightGradient<64, 3>::run(p); }

#ifdef HAS_WARPGROUP_MATRICES
SOLE_KERNEL(convolution_backward_weights_wgmma_bf16, 512, WeightGradientParameters) { WgmmaWeightGradient<1>::run(p); }
SOLE_KERNEL(convolution_backward_weights_wgmma_bf16x3, 512, WeightGradientParameters) { WgmmaWeightGradient<2>::run(p); }
SOLE_KERNEL(convolution_backward_weights_wgmma_bf16x6, 512, WeightGradientParameters) { WgmmaWeightGradient<3>::run(p); }
#endif

KERNEL(convolution_sum_splits, 256, SumSplitsParameters) {
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count; i += gridDim.x * 256ll) {
    float sum = 0;
    for (int split = 0; split < p.splits; split++) sum += p.partial[split * p.count + i];
    p.sums[i] = sum;
  }
}

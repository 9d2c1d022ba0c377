// gw[t, c, k] = sum over positions of transform(x) * gy: a matrix product with the positions as its inner axis. A block takes
// some taps (one in float arithmetic), a tile of channels x outputs and one split of the positions; the splits are added in order
// by a second kernel.
#include "convolution/weight_gradient_mma.cuh"
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
    static_assert(kStage * kSide <= kThreads, "a thread loads four channels of a stage at most");
    WeightGradientTile<Tile> tile(p);
    int loaded = threadIdx.x / kSide, channel = threadIdx.x % kSide * 4;
    PositionWalk walk(tile.from + loaded, kStage, p.output);
    int group = threadIdx.x / (kSide * kSide), row = threadIdx.x % (kSide * kSide) / kSide * 4, column = threadIdx.x % kSide * 4;
    float sums[4][4] = {};
    for (int stage = tile.from; stage < tile.to; stage += kStage) {
      if (loaded < kStage) {
        float x[4], gy[4];
        walk.load_input(p, tile, channel, x);
        walk.load_gradient(p, tile, channel, gy);
        walk.advance(kStage, p.output);
        *reinterpret_cast<float4*>(&shared.x[loaded][channel]) = make_float4(x[0], x[1], x[2], x[3]);
        *reinterpret_cast<float4*>(&shared.gy[loaded][channel]) = make_float4(gy[0], gy[1], gy[2], gy[3]);
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

}  // namespace

KERNEL(convolution_backward_weights_simt_16, 256, WeightGradientParameters) { SimtWeightGradient<16>::run(p); }
KERNEL(convolution_backward_weights_simt_64, 256, WeightGradientParameters) { SimtWeightGradient<64>::run(p); }

KERNEL(convolution_backward_weights_bf16_8, 256, WeightGradientParameters) { MmaWeightGradient<1, 8, 1>::run(p); }
KERNEL(convolution_backward_weights_bf16_16, 256, WeightGradientParameters) { MmaWeightGradient<1, 4, 2>::run(p); }
KERNEL(convolution_backward_weights_bf16_32, 256, WeightGradientParameters) { MmaWeightGradient<1, 4, 4>::run(p); }
KERNEL(convolution_backward_weights_bf16x3_8, 256, WeightGradientParameters) { MmaWeightGradient<2, 4, 1>::run(p); }
KERNEL(convolution_backward_weights_bf16x3_16, 256, WeightGradientParameters) { MmaWeightGradient<2, 4, 2>::run(p); }
KERNEL(convolution_backward_weights_bf16x3_32, 256, WeightGradientParameters) { MmaWeightGradient<2, 2, 4>::run(p); }
KERNEL(convolution_backward_weights_bf16x6_8, 256, WeightGradientParameters) { MmaWeightGradient<3, 4, 1>::run(p); }
KERNEL(convolution_backward_weights_bf16x6_16, 256, WeightGradientParameters) { MmaWeightGradient<3, 4, 2>::run(p); }
KERNEL(convolution_backward_weights_bf16x6_32, 256, WeightGradientParameters) { MmaWeightGradient<3, 2, 4>::run(p); }

#ifdef HAS_WARPGROUP_MATRICES
SOLE_KERNEL(convolution_backward_weights_wgmma_bf16, 512, WeightGradientParameters) { WgmmaWeightGradient<1>::run(p); }
SOLE_KERNEL(convolution_backward_weights_wgmma_bf16x3, 512, WeightGradientParameters) { WgmmaWeightGradient<2>::run(p); }
SOLE_KERNEL(convolution_backward_weights_wgmma_bf16x6, 512, WeightGradientParameters) { WgmmaWeightGradient<3>::run(p); }
#endif

KERNEL(convolution_sum_splits, 256, SumSplitsParameters) {
  SHARED_ARRAY(float, slices, 256);
  int together = 256 / p.slices, element = static_cast<int>(threadIdx.x) % together, slice = threadIdx.x / together;
  for (long long first = static_cast<long long>(blockIdx.x) * together; first < p.count;
       first += static_cast<long long>(gridDim.x) * together) {
    long long i = first + element;
    float sum = 0;
    if (i < p.count) {
#pragma unroll 8
      for (int split = slice; split < p.splits; split += p.slices) sum += p.partial[split * p.count + i];
    }
    slices[threadIdx.x] = sum;
    __syncthreads();
    if (slice == 0 && i < p.count) {
      for (int other = 1; other < p.slices; other++) sum += slices[other * together + element];
      p.sums[i] = sum;
    }
    __syncthreads();  // the next elements overwrite what was read here
  }
}

// Matrix product in fp32: a block computes a tile of 64 x 64, a thread 4 x 4 of it, 16 deep at a time from shared memory. For the
// linear layers at the ends of networks; convolutions have kernels of their own.
#include "mat_mul/parameters.cuh"

namespace {

constexpr int kTile = 64, kDepth = 16;

/// A row of a tile in shared memory: one element more, so that neither way of loading meets itself in a bank.
constexpr int kPitch = kTile + 1;

/// Loads kDepth slices of kTile elements; neighbouring threads read neighbouring elements, whichever of the two strides is one.
DEVICE void load_tile(float* tile, const float* source, int first, int count, int stride, int k, int depth, int step) {
  for (int e = threadIdx.x; e < kTile * kDepth; e += 256) {
    int i = step == 1 ? e / kDepth : e % kTile, slice = step == 1 ? e % kDepth : e / kTile;
    bool inside = first + i < count && k + slice < depth;
    tile[slice * kPitch + i] =
        inside ? source[static_cast<long long>(first + i) * stride + static_cast<long long>(k + slice) * step] : 0.0f;
  }
}

}  // namespace

/// blockIdx.x: tile of rows, blockIdx.y: tile of columns.
KERNEL(mat_mul, 256, MatMulParameters) {
  SHARED_ARRAY(float, a, kDepth* kPitch);
  SHARED_ARRAY(float, b, kDepth* kPitch);
  int first_row = blockIdx.x * kTile, first_column = blockIdx.y * kTile, row = threadIdx.x / 16, column = threadIdx.x % 16;
  float sums[4][4] = {};
  for (int k = 0; k < p.depth; k += kDepth) {
    load_tile(a, p.a, first_row, p.rows, p.a_row, k, p.depth, p.a_step);
    load_tile(b, p.b, first_column, p.columns, p.b_column, k, p.depth, p.b_step);
    __syncthreads();
    for (int slice = 0; slice < kDepth; slice++)
      for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) sums[i][j] += a[slice * kPitch + row + 16 * i] * b[slice * kPitch + column + 16 * j];
    __syncthreads();
  }
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++)
      if (first_row + row + 16 * i < p.rows && first_column + column + 16 * j < p.columns)
        p.y[static_cast<long long>(first_row + row + 16 * i) * p.columns + first_column + column + 16 * j] = sums[i][j];
}

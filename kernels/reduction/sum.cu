// Sums over a middle axis, in float64 and in an order that the sizes alone decide: chunks first, then the chunks' sums. The
// gradient of a bias is one.
#include "common/reduce.cuh"
#include "reduction/parameters.cuh"

/// blockIdx.x = outer index * chunks + chunk, blockIdx.y = tile of `lanes` columns.
KERNEL(sum_chunks, 256, SumParameters) {
  SHARED_ARRAY(double, scratch, 256);
  int first = blockIdx.y * p.lanes, column = first + threadIdx.x % p.lanes, rows = 256 / p.lanes;
  long long outer = blockIdx.x / p.chunks;
  int from = static_cast<int>(blockIdx.x % p.chunks) * p.chunk, to = from + p.chunk < p.reduced ? from + p.chunk : p.reduced;
  double sum[1] = {};
  for (int i = from + threadIdx.x / p.lanes; column < p.inner && i < to; i += rows)
    sum[0] += p.x[(outer * p.reduced + i) * p.inner + column];
  double* partial = p.partial + static_cast<long long>(blockIdx.x) * p.inner;
  column_sums<256>(sum, p.lanes, scratch, [&](int i, double whole) {
    if (first + i < p.inner) partial[first + i] = whole;
  });
}

/// One warp per sum.
KERNEL(sum_combine, 256, SumParameters) {
  long long i = blockIdx.x * 8ll + threadIdx.x / 32;
  double sum = 0;
  if (i < p.sums)
    for (int chunk = threadIdx.x % 32; chunk < p.chunks; chunk += 32)
      sum += p.partial[(i / p.inner * p.chunks + chunk) * p.inner + i % p.inner];
  sum = warp_sum(sum);
  if (i < p.sums && threadIdx.x % 32 == 0) p.y[i] = static_cast<float>(sum);
}

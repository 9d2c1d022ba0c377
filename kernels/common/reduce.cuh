// Sums over the threads of a warp or block, in an order that depends on nothing but the number of threads.
#pragma once
#include "common/platform.cuh"

/// The sum over all lanes, in every lane.
template <class T>
DEVICE T warp_sum(T value) {
#pragma unroll
  for (int flip = 16; flip > 0; flip /= 2) value += __shfl_xor_sync(0xffffffffu, value, flip);
  return value;
}

/// Sums over the rows of a block whose thread t is in row t / lanes, lanes a power of two up to 32: over those of each warp by
/// exchange, then over the warps. `scratch` holds `lanes` values per warp; the result is valid in row 0.
template <class T>
DEVICE T column_sum(T value, int lanes, int threads, T* scratch) {
  for (int flip = 16; flip >= lanes; flip /= 2) value += __shfl_xor_sync(0xffffffffu, value, flip);
  int lane = threadIdx.x % 32;
  if (lane < lanes) scratch[threadIdx.x / 32 * lanes + lane] = value;
  __syncthreads();
  T sum = 0;
  if (static_cast<int>(threadIdx.x) < lanes)
    for (int i = threadIdx.x; i < threads / 32 * lanes; i += lanes) sum += scratch[i];
  __syncthreads();
  return sum;
}

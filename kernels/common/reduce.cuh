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

/// Sums over the rows of a block whose thread t is in row t / lanes: `scratch` holds one value per thread; the result is valid in
/// row 0.
template <class T>
DEVICE T column_sum(T value, int lanes, int threads, T* scratch) {
  scratch[threadIdx.x] = value;
  __syncthreads();
  T sum = 0;
  if (static_cast<int>(threadIdx.x) < lanes)
    for (int i = threadIdx.x; i < threads; i += lanes) sum += scratch[i];
  __syncthreads();
  return sum;
}

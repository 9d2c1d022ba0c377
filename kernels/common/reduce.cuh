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
/// exchange, then over the warps. Every lane has `Count` neighbouring columns, and every column a thread that calls `use`, a
/// function object, with the column and its sum. `scratch` holds the columns of all warps.
template <int Threads, int Count, class T, class Use>
DEVICE void column_sums(T (&values)[Count], int lanes, T* scratch, const Use& use) {
  static_assert(Count * 32 <= Threads, "a thread has one column");
  for (int flip = 16; flip >= lanes; flip /= 2) {
#pragma unroll
    for (int i = 0; i < Count; i++) values[i] += __shfl_xor_sync(0xffffffffu, values[i], flip);
  }
  int lane = threadIdx.x % 32, column = threadIdx.x, columns = lanes * Count;
#pragma unroll
  for (int i = 0; i < Count; i++)
    if (lane < lanes) scratch[threadIdx.x / 32 * columns + lane * Count + i] = values[i];
  __syncthreads();
  if (column < columns) {
    T sum = 0;
#pragma unroll
    for (int warp = 0; warp < Threads / 32; warp++) sum += scratch[warp * columns + column];
    use(column, sum);
  }
  __syncthreads();
}

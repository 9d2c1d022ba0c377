// What the kernels with products of whole warpgroups share.
#pragma once
#include "common/platform.cuh"

/// A matrix in shared memory of tiles of 128 bytes, eight rows of 16, without swizzle. Rows along the inner axis of the product's
/// operand, or along the outer one if it is transposed, in both cases with the bytes between tiles along the inner and along the
/// outer axis: https://docs.nvidia.com/cuda/parallel-thread-execution, wgmma, strides.
DEVICE uint64_t matrix_descriptor(uint32_t address, int inner_stride, int outer_stride) {
  return static_cast<uint64_t>(address >> 4) | static_cast<uint64_t>(inner_stride >> 4) << 16 |
         static_cast<uint64_t>(outer_stride >> 4) << 32;
}

/// The same matrix, so many rows of 16 bytes further on.
DEVICE uint64_t moved_by(uint64_t matrix, uint32_t rows) { return matrix >> 32 << 32 | (static_cast<uint32_t>(matrix) + rows); }

/// One arrival per warp, whose reads of the buffer are done.
DEVICE void release_buffer(uint64_t* barrier) {
  __syncwarp();
  if (threadIdx.x % 32 == 0) barrier_arrive(barrier);
}

/// The same in every block of the cluster, for a buffer that is filled in all at once.
template <int Cluster>
DEVICE void release_buffer_of_cluster(uint64_t* barrier) {
  __syncwarp();
  if (threadIdx.x % 32 < Cluster) barrier_arrive_at(barrier, threadIdx.x % 32);
}

/// Behind a producer's last buffer, the one before number `filled`: waits until all of them were read. Producers alone notice a
/// hang, so they must not go before their readers do.
template <int Count>
DEVICE void await_readers(uint64_t (&empty)[Count], uint32_t filled) {
  for (int i = 0; i < Count; i++, filled++) barrier_wait_watched(&empty[filled % Count], filled / Count % 2 ^ 1);
}

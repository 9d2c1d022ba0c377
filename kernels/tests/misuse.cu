// Kernels that misuse the machine, each in one way; emulator_test expects every one to be caught.
#include "common/platform.cuh"

struct Misuse {
  float* out;
  const float* in;
};

KERNEL(misuse_divergent_barrier, 64, Misuse) {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
  p.out[0] = 1;
}

KERNEL(misuse_deadlock, 64, Misuse) {
  if (threadIdx.x != 5) __syncthreads();
  if (threadIdx.x % 32 == 5) __syncwarp();
  p.out[0] = 1;
}

KERNEL(misuse_missing_lane, 32, Misuse) {
  if (threadIdx.x > 0) p.out[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1.0f, 1);
}

KERNEL(misuse_copy_in_flight, 32, Misuse) {
  DYNAMIC_SHARED(shared);
  copy_async_16(shared + threadIdx.x * 16, p.in);
  copy_async_commit();
}

KERNEL(misuse_copy_alignment, 32, Misuse) {
  DYNAMIC_SHARED(shared);
  copy_async_16(shared + 4, p.in);
  copy_async_wait<0>();
}

KERNEL(misuse_matrix_alignment, 32, Misuse) {
  DYNAMIC_SHARED(shared);
  uint32_t fragment[4];
  load_matrices(fragment, shared + 8 * threadIdx.x);
  p.out[threadIdx.x] = __uint_as_float(fragment[0]);
}

KERNEL(misuse_shared_overrun, 32, Misuse) {
  DYNAMIC_SHARED(shared);
  reinterpret_cast<float*>(shared)[16 + threadIdx.x] = 1;
}

/// Not caught, but NaN: shared memory that nobody wrote, and a copy that was not waited for.
KERNEL(misuse_uninitialized, 32, Misuse) {
  SHARED_ARRAY(float, values, 32);
  p.out[threadIdx.x] = values[threadIdx.x];
}

KERNEL(misuse_early_read, 32, Misuse) {
  DYNAMIC_SHARED(shared);
  copy_async_16(shared + threadIdx.x * 16, p.in + threadIdx.x * 4);
  copy_async_commit();
  p.out[threadIdx.x] = reinterpret_cast<float*>(shared)[threadIdx.x * 4];
  copy_async_wait<0>();
}

/// Without the barrier between them, some warp runs ahead.
KERNEL(misuse_missing_barrier, 256, Misuse) {
  SHARED_ARRAY(float, values, 256);
  values[threadIdx.x] = p.in[threadIdx.x % 4];
  p.out[threadIdx.x] = values[255 - threadIdx.x];
}

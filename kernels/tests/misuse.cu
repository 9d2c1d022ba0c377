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

KERNEL(misuse_barrier_uninitialized, 32, Misuse) {
  DYNAMIC_SHARED(shared);
  barrier_wait(reinterpret_cast<uint64_t*>(shared), 0);
  p.out[0] = 1;
}

KERNEL(misuse_barrier_overrun, 32, Misuse) {
  DYNAMIC_SHARED(shared);
  uint64_t* barrier = reinterpret_cast<uint64_t*>(shared);
  if (threadIdx.x == 0) {
    barrier_initialize(barrier, 2);
    barrier_arrive_expecting(barrier, 16);
  }
  __syncwarp();
  if (threadIdx.x > 1) barrier_arrive(barrier);
  p.out[0] = 1;
}

/// A wait for a phase at which one thread too few arrives.
KERNEL(misuse_barrier_short, 32, Misuse) {
  DYNAMIC_SHARED(shared);
  uint64_t* barrier = reinterpret_cast<uint64_t*>(shared);
  if (threadIdx.x == 0) barrier_initialize(barrier, 32);
  __syncwarp();
  if (threadIdx.x > 0) barrier_arrive(barrier);
  barrier_wait(barrier, 0);
  p.out[0] = 1;
}

namespace {

/// 256 bytes to shared + 128, of which the barrier at shared expects `expected`.
DEVICE uint64_t* start_bulk_copy(char* shared, const float* in, int expected) {
  uint64_t* barrier = reinterpret_cast<uint64_t*>(shared);
  if (threadIdx.x == 0) {
    barrier_initialize(barrier, 1);
    barrier_arrive_expecting(barrier, expected);
    copy_bulk(shared + 128, in, 256, barrier);
  }
  __syncwarp();
  return barrier;
}

}  // namespace

KERNEL(misuse_bulk_in_flight, 32, Misuse) {
  DYNAMIC_SHARED(shared);
  start_bulk_copy(shared, p.in, 256);
}

KERNEL(misuse_bulk_expects_less, 32, Misuse) {
  DYNAMIC_SHARED(shared);
  barrier_wait(start_bulk_copy(shared, p.in, 240), 0);
}

KERNEL(misuse_bulk_expects_more, 32, Misuse) {
  DYNAMIC_SHARED(shared);
  barrier_wait(start_bulk_copy(shared, p.in, 272), 0);
}

KERNEL(misuse_bulk_size, 32, Misuse) {
  DYNAMIC_SHARED(shared);
  copy_bulk(shared, p.in, 40, reinterpret_cast<uint64_t*>(shared));
}

/// Not caught, but NaN: a bulk copy that was not waited for.
KERNEL(misuse_bulk_early_read, 32, Misuse) {
  DYNAMIC_SHARED(shared);
  uint64_t* barrier = start_bulk_copy(shared, p.in, 256);
  p.out[threadIdx.x] = reinterpret_cast<float*>(shared + 128)[threadIdx.x];
  barrier_wait(barrier, 0);
}

KERNEL(misuse_product_unfenced, 128, Misuse) {
  float sums[32] = {};
  warpgroup_multiply(sums, 0, 0);
  p.out[0] = sums[0];
}

/// A thread stores, all wait for it, and the product reads what it stored.
KERNEL(misuse_product_of_stores, 128, Misuse) {
  DYNAMIC_SHARED(shared);
  float sums[32] = {};
  uint64_t* barrier = reinterpret_cast<uint64_t*>(shared + 2048);
  if (threadIdx.x == 0) barrier_initialize(barrier, 1);
  __syncthreads();
  if (threadIdx.x == 0) {
    shared[0] = 1;
    barrier_arrive(barrier);
  }
  barrier_wait(barrier, 0);
  warpgroup_fence();
  warpgroup_multiply(sums, 0, 0);
  warpgroup_commit();
  warpgroup_wait<0>();
  p.out[0] = sums[0];
}

KERNEL(misuse_product_in_flight, 128, Misuse) {
  float sums[32] = {};
  warpgroup_fence();
  warpgroup_multiply(sums, 0, 0);
  warpgroup_commit();
  p.out[0] = sums[0];
}

KERNEL(misuse_product_differs, 128, Misuse) {
  float sums[32] = {};
  warpgroup_fence();
  warpgroup_multiply(sums, threadIdx.x / 32, 0);
  warpgroup_commit();
  warpgroup_wait<0>();
  p.out[0] = sums[0];
}

KERNEL(misuse_product_beyond, 128, Misuse) {
  float sums[32] = {};
  warpgroup_fence();
  warpgroup_multiply(sums, static_cast<uint64_t>(64) << 32, 0);
  warpgroup_commit();
  warpgroup_wait<0>();
  p.out[0] = sums[0];
}

KERNEL(misuse_product_of_a_warp, 128, Misuse) {
  float sums[32] = {};
  warpgroup_fence();
  warpgroup_multiply(sums, 0, 0);
  warpgroup_commit();
  if (threadIdx.x >= 32) warpgroup_wait<0>();
  p.out[0] = sums[0];
}

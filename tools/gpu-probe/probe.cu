// Device side of the probe: the instructions of common/ptx_sm90.cuh, one at a time, in the layouts that the convolutions use and
// in those that they might.
#include "common/platform.cuh"
#include "parameters.h"

namespace {

/// Fills shared memory with numbers near one.
DEVICE void fill(char* shared, int bytes) {
  for (int i = threadIdx.x; i < bytes / 4; i += blockDim.x)
    reinterpret_cast<uint32_t*>(shared)[i] = 0x3c003c00u + (i * 2654435761u & 0x003f003fu);
}

constexpr int kRateBytes = 200 * 1024;

}  // namespace

KERNEL(probe_product, 128, ProbeProduct) {
#ifdef HAS_WARPGROUP_MATRICES
  DYNAMIC_SHARED(shared);
  for (int i = threadIdx.x; i < p.image_bytes / 16; i += 128)
    reinterpret_cast<uint4*>(shared)[i] = reinterpret_cast<const uint4*>(p.image)[i];
  fence_async_proxy();
  __syncthreads();
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  uint64_t base = shared_address(shared) >> 4;
  float sums[32] = {};
  uint32_t a[4] = {};
  for (int i = 0; i < 4 && p.transposed; i++)
    a[i] = reinterpret_cast<const uint32_t*>(
        shared + p.a * 16)[((warp * 16 + lane / 4 + i % 2 * 8) * 16 + lane % 4 * 2 + i / 2 * 8) / 2];
  warpgroup_fence();
  if (p.transposed) warpgroup_multiply_transposed(sums, a, p.b + base);
  else warpgroup_multiply(sums, p.a + base, p.b + base);
  warpgroup_commit();
  warpgroup_wait<0>();
  for (int e = 0; e < 32; e++) p.out[(warp * 16 + lane / 4 + e / 2 % 2 * 8) * 64 + e / 4 * 8 + lane % 4 * 2 + e % 2] = sums[e];
#endif
}

SOLE_KERNEL(probe_rate, 256, ProbeRate) {
#ifdef HAS_WARPGROUP_MATRICES
  DYNAMIC_SHARED(shared);
  fill(shared, kRateBytes);
  fence_async_proxy();
  __syncthreads();
  float first[64] = {}, second[64] = {};
  uint64_t base = shared_address(shared) >> 4, a = p.a + base + threadIdx.x / 128 * 2 * p.patch, b = p.b + base;
#pragma unroll 1
  for (int round = 0; round < p.rounds; round++) {
    uint32_t shift = round % 3 * p.shift;
    warpgroup_fence();
#pragma unroll
    for (int k = 0; k < 4; k++) {
      warpgroup_multiply(first, a + shift + k * p.step, b + k * p.weight_step);
      warpgroup_multiply(second, a + shift + p.patch + k * p.step, b + k * p.weight_step);
    }
    warpgroup_commit();
    warpgroup_wait<1>();
  }
  warpgroup_wait<0>();
  float sum = 0;
  for (int i = 0; i < 64; i++) sum += first[i] + second[i];
  if (sum == 12345.0f) p.out[threadIdx.x] = sum;  // never: the products must not be left out
#endif
}

namespace {

/// What barrier_arrive_at was before: all earlier stores are made visible to the cluster.
DEVICE void arrive_with_release(uint64_t* barrier, int rank) {
#ifdef CUDA_EMULATION
  barrier_arrive_at(barrier, rank);
#elif defined(HAS_WARPGROUP_MATRICES)
  asm volatile(
      "{\n.reg .b32 remote;\nmapa.shared::cluster.u32 remote, %0, %1;\nmbarrier.arrive.release.cluster.shared::cluster.b64 _, "
      "[remote];\n}" ::"r"(shared_address(barrier)),
      "r"(rank)
      : "memory");
#endif
}

template <class Arrive>
DEVICE void arrive_often(const ProbeArrivals& p, Arrive arrive) {
#ifdef HAS_WARPGROUP_MATRICES
  DYNAMIC_SHARED(shared);
  uint64_t* barrier = reinterpret_cast<uint64_t*>(shared);
  if (threadIdx.x == 0) {
    barrier_initialize(barrier, 1000000);  // more than ever arrive
    fence_barrier_initialization();
  }
  cluster_barrier();
  for (int round = 0; round < p.rounds; round++) {
    if (p.stores) p.out[(blockIdx.x * 64ll + round % 64) * 256 + threadIdx.x] = static_cast<float>(round);
    if (threadIdx.x % 32 == 0) arrive(barrier, cluster_rank() ^ 1);
    __syncwarp();
  }
  cluster_barrier();
#endif
}

}  // namespace

CLUSTER_KERNEL(probe_arrivals_plain, 256, 2, ProbeArrivals) {
#ifdef HAS_WARPGROUP_MATRICES
  arrive_often(p, [](uint64_t* barrier, int rank) { barrier_arrive_at(barrier, rank); });
#endif
}

CLUSTER_KERNEL(probe_arrivals_release, 256, 2, ProbeArrivals) {
#ifdef HAS_WARPGROUP_MATRICES
  arrive_often(p, [](uint64_t* barrier, int rank) { arrive_with_release(barrier, rank); });
#endif
}

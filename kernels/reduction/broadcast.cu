// Repeats along a middle axis. One write per element: bound by memory.
#include "reduction/parameters.cuh"

KERNEL(broadcast, 256, BroadcastParameters) {
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count; i += gridDim.x * 256ll)
    p.y[i] = p.x[i / p.inner / p.repeated * p.inner + i % p.inner];
}

// Repeats along a middle axis. One write per element: bound by memory.
#include "common/quotient_walk.cuh"
#include "reduction/parameters.cuh"

KERNEL(broadcast, 256, BroadcastParameters) {
  long long first = blockIdx.x * 256ll + threadIdx.x, step = gridDim.x * 256ll;
  QuotientWalk outer(first, step, p.repeated * p.inner), inner(first, step, p.inner);
  for (long long i = first; i < p.count; i += step, outer.advance(), inner.advance())
    p.y[i] = p.x[outer.quotient * p.inner + inner.remainder];
}

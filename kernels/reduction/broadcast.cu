// Repeats along a middle axis. One write per element: bound by memory.
#include "common/digit_walk.cuh"
#include "reduction/parameters.cuh"

KERNEL(broadcast, 256, BroadcastParameters) {
  long long first = blockIdx.x * 256ll + threadIdx.x, step = gridDim.x * 256ll;
  DigitWalk<2> walk(first, step, {p.inner, p.repeated});
  for (long long i = first; i < p.count; i += step, walk.advance()) p.y[i] = p.x[walk.quotient * p.inner + walk.digits[0]];
}

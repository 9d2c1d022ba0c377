// Softmax and its logarithm over any axis. A team of neighbouring threads per position: one where the positions are neighbours in
// memory, up to a warp where the classes are. x is read three times, the last two from a cache.
#include "softmax/parameters.cuh"

namespace {

template <bool Logarithm>
DEVICE void softmax_of(const SoftmaxParameters& p) {
  long long thread = blockIdx.x * 256ll + threadIdx.x, position = thread / p.team;
  bool inside = position < p.positions;
  if (!inside) position = 0;  // the whole warp takes part in the shuffles
  long long first = position / p.inner * p.classes * p.inner + position % p.inner;
  const float* x = p.x + first;
  float* y = p.y + first;
  int lane = static_cast<int>(thread % p.team);
  float greatest = x[static_cast<long long>(lane) * p.inner], sum = 0;
  for (int k = lane + p.team; k < p.classes; k += p.team) {
    float value = x[static_cast<long long>(k) * p.inner];
    greatest = greatest >= value ? greatest : value;  // a NaN shows in the sum
  }
  for (int flip = p.team / 2; flip > 0; flip /= 2) {
    float other = __shfl_xor_sync(0xffffffffu, greatest, flip);
    greatest = greatest >= other ? greatest : other;
  }
  for (int k = lane; k < p.classes; k += p.team) sum += expf(x[static_cast<long long>(k) * p.inner] - greatest);
  for (int flip = p.team / 2; flip > 0; flip /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, flip);
  float log_sum = logf(sum);
  for (int k = lane; inside && k < p.classes; k += p.team) {
    float below = x[static_cast<long long>(k) * p.inner] - greatest;
    y[static_cast<long long>(k) * p.inner] = Logarithm ? below - log_sum : expf(below) / sum;
  }
}

}  // namespace

KERNEL(softmax, 256, SoftmaxParameters) { softmax_of<false>(p); }
KERNEL(log_softmax, 256, SoftmaxParameters) { softmax_of<true>(p); }

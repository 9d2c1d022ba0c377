// Maxima over a middle axis with their places, and elements taken from or put to an index of each position.
#include "common/digit_walk.cuh"
#include "indexing/parameters.cuh"

namespace {

/// Whether `a` at place `i` comes before `b` at place `j`: the greater, a NaN before all numbers, the first of equals.
DEVICE bool precedes(float a, int i, float b, int j) {
  bool a_is_number = a == a, b_is_number = b == b;
  if (!a_is_number || !b_is_number) return a_is_number == b_is_number ? i < j : b_is_number;
  return a > b || (a == b && i < j);
}

}  // namespace

/// A team of neighbouring threads per position; neighbouring teams are neighbours along `inner`.
KERNEL(max_with_index, 256, MaxParameters) {
  long long thread = blockIdx.x * 256ll + threadIdx.x, position = thread / p.team;
  bool inside = position < p.positions;
  if (!inside) position = 0;  // the whole warp takes part in the shuffles
  const float* column = p.x + position / p.inner * p.reduced * p.inner + position % p.inner;
  int at = static_cast<int>(thread % p.team);
  float greatest = column[static_cast<long long>(at) * p.inner];
  for (int r = at + p.team; r < p.reduced; r += p.team) {
    float value = column[static_cast<long long>(r) * p.inner];
    if (precedes(value, r, greatest, at)) greatest = value, at = r;
  }
  for (int flip = p.team / 2; flip > 0; flip /= 2) {
    float value = __shfl_xor_sync(0xffffffffu, greatest, flip);
    int other = __shfl_xor_sync(0xffffffffu, at, flip);
    if (precedes(value, other, greatest, at)) greatest = value, at = other;
  }
  if (inside && thread % p.team == 0) p.y[position] = greatest, p.index[position] = at;
}

KERNEL(gather, 256, IndexParameters) {
  long long first = blockIdx.x * 256ll + threadIdx.x, step = gridDim.x * 256ll;
  DigitWalk<1> walk(first, step, {p.inner});
  for (long long i = first; i < p.positions; i += step, walk.advance()) {
    int at = p.at(i);
    p.y[i] = at >= 0 && at < p.extent ? p.x[(walk.quotient * p.extent + at) * p.inner + walk.digits[0]] : 0.0f;
  }
}

KERNEL(scatter, 256, IndexParameters) {
  long long first = blockIdx.x * 256ll + threadIdx.x, step = gridDim.x * 256ll;
  DigitWalk<1> walk(first, step, {p.inner});
  for (long long i = first; i < p.positions; i += step, walk.advance()) {
    int at = p.at(i);
    float* column = p.x + walk.quotient * p.extent * p.inner + walk.digits[0];
    for (int e = 0; e < p.extent; e++) column[static_cast<long long>(e) * p.inner] = e == at ? p.y[i] : 0.0f;
  }
}

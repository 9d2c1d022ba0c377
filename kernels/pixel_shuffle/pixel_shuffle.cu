// Pixel shuffle: y[h r + p, w r + q, c] = x[h, w, c r r + p r + q] (Shi et al. 2016, arXiv:1609.05158), and its inverse, which is
// its adjoint. One read, one write per element.
#include "pixel_shuffle/parameters.cuh"

namespace {

/// Calls visit(element of x, element of y) for a row of y: blockIdx.x counts the rows of x, blockIdx.y the sub-rows. A thread
/// goes from column to column by additions.
template <class Visit>
DEVICE void each_in_row(const PixelShuffleParameters& p, Visit visit) {
  int r = p.factor, sub_row = blockIdx.y, lane = threadIdx.x % p.lanes, column = threadIdx.x / p.lanes, step = 256 / p.lanes;
  int packed_column = column / r, sub_column = column % r, whole = step / r, rest = step % r;
  long long x = static_cast<long long>(blockIdx.x) * p.width * p.channels * r * r;
  long long y = (static_cast<long long>(blockIdx.x) * r + sub_row) * p.width * r * p.channels;
  int row_part = p.transposed ? sub_row : sub_row * r, column_part = p.transposed ? r : 1;
  for (; column < p.width * r; column += step) {
    const int packed = packed_column * p.channels * r * r + row_part + sub_column * column_part, spread = column * p.channels;
    for (int c = lane; c < p.channels; c += p.lanes) visit(x + (packed + c * r * r), y + (spread + c));
    packed_column += whole;
    sub_column += rest;
    if (sub_column >= r) sub_column -= r, packed_column++;
  }
}

}  // namespace

KERNEL(pixel_shuffle, 256, PixelShuffleParameters) {
  each_in_row(p, [&](long long x, long long y) { p.target[y] = p.source[x]; });
}

KERNEL(pixel_unshuffle, 256, PixelShuffleParameters) {
  each_in_row(p, [&](long long x, long long y) { p.target[x] = p.source[y]; });
}

// Pixel shuffle: y[h r + p, w r + q, c] = x[h, w, c r r + p r + q] (Shi et al. 2016, arXiv:1609.05158), and its inverse, which is
// its adjoint. One read, one write per element.
#include "pixel_shuffle/parameters.cuh"

namespace {

/// Element of x that belongs at element i of y.
DEVICE long long packed_element(const PixelShuffleParameters& p, long long i) {
  int r = p.factor, c = static_cast<int>(i % p.channels);
  i /= p.channels;
  int column = static_cast<int>(i % (p.width * r));
  i /= p.width * r;
  int row = static_cast<int>(i % (p.height * r)), sub_row = row % r, sub_column = column % r;
  long long position = (i / (p.height * r) * p.height + row / r) * p.width + column / r;
  return (position * p.channels + c) * r * r + (p.transposed ? sub_column * r + sub_row : sub_row * r + sub_column);
}

}  // namespace

KERNEL(pixel_shuffle, 256, PixelShuffleParameters) {
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count; i += gridDim.x * 256ll)
    p.target[i] = p.source[packed_element(p, i)];
}

KERNEL(pixel_unshuffle, 256, PixelShuffleParameters) {
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count; i += gridDim.x * 256ll)
    p.target[packed_element(p, i)] = p.source[i];
}

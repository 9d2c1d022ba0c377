// Parameter blocks of the probe's kernels, for the device and for the host.
#pragma once
#ifndef __CUDACC__
#include <cstdint>
using std::uint32_t;
using std::uint64_t;
#endif

/// One product of 64 x 16 by 16 x 64 on an image of shared memory; the descriptors count from its start.
struct ProbeProduct {
  const char* image;
  float* out;  // 64 x 64
  uint64_t a, b;
  int image_bytes, transposed;  // transposed: a is read from the image into registers, row by row, and b lies transposed
};

/// Products of two warpgroups, as the gather of the convolutions issues them, without anything else.
struct ProbeRate {
  float* out;
  uint64_t a, b;
  uint32_t patch, step, weight_step, shift;  // in 16 bytes: between patches, between steps of 16 channels, the same of the weights, between taps
  int rounds;
};

/// Arrivals of every warp at a barrier of the other block of its cluster.
struct ProbeArrivals {
  float* out;  // a row of 64 x 256 per block, written in between if `stores`
  int rounds, stores;
};

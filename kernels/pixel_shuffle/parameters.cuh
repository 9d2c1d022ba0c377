// Parameter block of the pixel-shuffle kernels, as the launch code fills it
// (src/Engine/Backends/Cuda/CudaSingles.PixelShuffle.cs).
#pragma once
#include "common/platform.cuh"

struct PixelShuffleParameters {
  const float* source;
  float* target;
  int width;     // of the packed image
  int channels;  // of the spread image
  int factor;
  int transposed;  // sub-rows and sub-columns change places
  int lanes;       // threads side by side along the channels: a power of two
};

// Parameter block of the pooling kernels, as the launch code fills it (src/Engine/Backends/Cuda/CudaSingles.Pooling.cs).
#pragma once
#include "common/platform.cuh"

struct PoolingSize {
  int depth, height, width;
};

/// Pooling of (samples, input, channels) to (samples, output, channels).
struct PoolingParameters {
  const float* source;  // x forward, gy backward
  float* target;        // y forward, gx backward
  uint8_t* choice;      // (samples, output, channels): tap of the maximum; average pooling has none
  int channels;
  PoolingSize input, output, window, stride, pad;
  int lanes;  // threads side by side along the channels: a power of two up to 32
  uint32_t
      width_inverse;  // 2^32 / stride along the width, rounded up: n / stride is the high word of n times it; 0 for a stride of 1
};

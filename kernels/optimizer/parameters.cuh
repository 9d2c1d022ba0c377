// Parameter block of the optimizer kernels, as the launch code fills it (src/Engine/Backends/Cuda/Adam.cs).
#pragma once
#include "common/platform.cuh"

struct AdamTensor {
  float* w;
  const float* g;
  float* m;
  float* v;
  long long count;
  float l2;
  int reserved;
};

/// Tensors per launch: the block of parameters stays below CUDA's 4 KB.
constexpr int kAdamTensors = 64;

struct AdamParameters {
  AdamTensor tensors[kAdamTensors];
  float rate, beta1, take1, beta2, take2, epsilon;  // take = 1 - beta, rounded once
  const float* replayed_rate;                       // where a launch that a graph replays finds its rate; null for `rate`
};

// Parameter block of the optimizer kernels, as the launch code fills it (src/Engine/Backends/Cuda/CudaSingles.Adam.cs).
#pragma once
#include "common/platform.cuh"

/// A tensor's first element lies at a multiple of 16 bytes.
struct AdamTensor {
  float* w;
  const float* g;
  float* m;
  float* v;
  long long count;
  float l2;
  int first_block;  // of the blocks that share the tensors, each kAdamElements of one
};

/// Tensors per launch: the block of parameters stays below CUDA's 4 KB.
constexpr int kAdamTensors = 64;

/// Elements per block.
constexpr int kAdamElements = 4096;

struct AdamParameters {
  AdamTensor tensors[kAdamTensors];
  float rate, beta1, take1, beta2, take2, epsilon;  // take = 1 - beta, rounded once
  int count;                                        // tensors
  const float* replayed_rate;                       // where a launch that a graph replays finds its rate; null for `rate`
};

// Parameter block of the softmax, as the launch code fills it (src/Engine/Backends/Cuda/CudaSingles.Softmax.cs).
#pragma once
#include "common/platform.cuh"

/// y = softmax of x (outer, classes, inner) over the classes, or its logarithm.
struct SoftmaxParameters {
  const float* x;
  float* y;
  long long positions;  // outer * inner
  int classes, inner;
  int team;  // threads that share a position: a power of two up to 32, and up to `classes`
};

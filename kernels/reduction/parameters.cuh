// Parameter block of the sum's kernels, as the launch code fills it (src/Engine/Backends/Cuda/CudaSingles.Reduction.cs).
#pragma once
#include "common/platform.cuh"

/// y (outer, inner) = sum of x (outer, reduced, inner) over the middle; partial (outer, chunks, inner).
struct SumParameters {
  const float* x;
  double* partial;
  float* y;
  long long sums;  // outer * inner
  int reduced, inner, chunk, chunks, lanes;
};

// Parameter blocks of sums and of the broadcast that is their adjoint, as the launch code fills them
// (src/Engine/Backends/Cuda/CudaSingles.Reduction.cs, .Broadcast.cs).
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

/// y (outer, repeated, inner) = x (outer, inner).
struct BroadcastParameters {
  const float* x;
  float* y;
  long long count;  // elements of y
  int repeated, inner;
};

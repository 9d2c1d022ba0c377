// Parameter blocks of maxima and of what goes by an index, as the launch code fills them
// (src/Engine/Backends/Cuda/CudaSingles.Indexing.cs).
#pragma once
#include "common/platform.cuh"

/// y, index (outer, inner): maximum of x (outer, reduced, inner) over the middle and its place.
struct MaxParameters {
  const float* x;
  float* y;
  int* index;
  long long positions;  // outer * inner
  int reduced, inner;
  int team;  // threads that share a position: a power of two up to 32, and up to `reduced`
};

/// Elements of x (outer, extent, inner) by an index (outer, inner) to or from y (outer, inner).
struct IndexParameters {
  float* x;
  float* y;
  const void* index;
  long long positions;  // outer * inner
  int extent, inner;
  int has_bytes;  // the index is uint8, not int32

  DEVICE int at(long long i) const {
    return has_bytes != 0 ? static_cast<const uint8_t*>(index)[i] : static_cast<const int*>(index)[i];
  }
};

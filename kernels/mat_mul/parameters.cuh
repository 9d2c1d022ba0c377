// Parameter block of the matrix product, as the launch code fills it (src/Engine/Backends/Cuda/CudaSingles.MatMul.cs).
#pragma once
#include "common/platform.cuh"

/// y (rows, columns) = a b; the strides say how a and b lie, transposed or not.
struct MatMulParameters {
  const float* a;
  const float* b;
  float* y;
  int rows, columns, depth;
  int a_row, a_step;     // element (row, k) of a is at row * a_row + k * a_step
  int b_step, b_column;  // element (k, column) of b is at k * b_step + column * b_column
};

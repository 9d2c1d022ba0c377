// Parameter block of distillation by temperature, as the launch code fills it
// (src/Engine/Backends/Cuda/CudaSingles.SoftmaxKl.cs).
#pragma once
#include "common/platform.cuh"

/// Divergence of softmax(sharpness student) from softmax(sharpness teacher), both (positions, classes).
struct SoftmaxKl {
  const float* teacher;
  const float* student;
  const float* scale;  // of the gradient; one element
  double* partial;     // (chunks); of the sum
  float* gradient;     // (positions, classes)
  long long positions;
  int classes, chunk;  // positions per block of the sum
  float sharpness;     // 1 / temperature
};

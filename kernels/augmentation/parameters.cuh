// Parameter block of the augmentation kernels, as the launch code fills it
// (src/Engine/Backends/Cuda/CudaSingles.Augmentation.cs).
#pragma once
#include "common/platform.cuh"

/// Numbers of a sample's variation: in space, of the noise's stream, of each volume, then the control points
/// (src/Engine/Backends/AugmentationProblem.cs).
constexpr int kSpatialNumbers = 6, kStreamNumbers = 5, kVolumeNumbers = 6;

struct AugmentationParameters {
  const float* x;         // (samples, depth, height, width, channels)
  const uint8_t* labels;  // (samples, depth, height, width)
  const double* variation;
  float* y;
  uint8_t* varied_labels;
  double* partial;  // (samples, volumes, chunks, 4): minimum, maximum, sum, sum of squares
  int depth, height, width, channels, volumes, control_points;
  int chunk, chunks;  // positions per block
};

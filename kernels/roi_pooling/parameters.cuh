// Parameter block of the pooling of regions, as the launch code fills it (src/Engine/Backends/Cuda/CudaSingles.RoiPooling.cs).
#pragma once
#include "common/platform.cuh"

/// Pooling of regions of maps (images, height, width, channels) to (regions, bins, bins, channels).
struct RoiPoolingParameters {
  const float* source;   // x forward, gy backward
  float* target;         // y forward, gx backward
  int* choice;           // (regions, bins, bins, channels): place of the maximum in its map, -1 where the bin is empty
  const float* corners;  // (regions, 5): image, x1, y1, x2, y2
  const float* scores;   // (regions): factor of what is pooled; null where there is none
  int regions, images, height, width, channels, bins;
  int lanes;    // threads side by side along the channels: a power of two up to 32
  float scale;  // from the corners' coordinates to the map's
};

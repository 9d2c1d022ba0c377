// Parameter blocks of the loss kernels, as the launch code fills them (src/Engine/Backends/Cuda/CudaSingles.SegmentationLoss.cs).
#pragma once
#include "common/platform.cuh"

/// First pass: per chunk of one sample's positions, I[C], P[C], N[C], E[C], Z[C, C] (see segmentation_loss.cu).
struct LossSums {
  const float* logits;  // (samples, positions, classes)
  const uint8_t* labels;
  double* partial;  // (samples, chunks, 4 C + C C)
  int classes;
  float floor;  // of a probability in the cross-entropy
  long long positions;
  int chunk, chunks;  // positions per block
};

struct CombineLossSums {
  const double* partial;
  double* sums;  // (modalities, 4 C + C C)
  const int* modality;
  int samples, modalities, width, chunks;
};

struct LossGradient {
  const float* logits;
  const uint8_t* labels;
  const double* coefficients;  // (modalities, 3 C + C C): Dice of the true class, Dice of p, cross-entropy, table
  const int* modality;
  float* gradient;
  int classes;
  float floor;
  long long positions;  // per sample
};

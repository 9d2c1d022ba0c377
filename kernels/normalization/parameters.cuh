// Parameter blocks of the normalization kernels, as the launch code fills them
// (src/Engine/Backends/Cuda/CudaSingles.Normalization.cs).
#pragma once
#include "common/channel_sweep.cuh"

/// How samples and channels share statistics: row = modality (batch norm) or sample, group = channel / group_channels.
struct NormalizationLayout {
  const int* modality;  // of each sample
  int samples, modalities, channels, groups;
  int by_sample;  // rows are samples instead of modalities

  DEVICE int group_channels() const { return channels / groups; }
  DEVICE int row(int sample) const { return by_sample ? sample : modality[sample]; }
  DEVICE int slot(int sample, int channel) const { return row(sample) * groups + channel / group_channels(); }
  DEVICE int affine(int sample, int channel) const { return modality[sample] * channels + channel; }
};

/// Passes over x (samples, positions, channels).
struct NormalizationPass {
  const void* x;
  const void* gy;      // backward only
  const float* scale;  // (samples, channels) gamma / deviation
  const float* shift;  // (samples, channels) beta - mean gamma / deviation
  const float* mean;   // (rows, groups); backward only
  float* partial;  // statistics: (samples, chunks, 4, channels), see MomentRecord. backward: (samples, chunks, 2, channels) sums
                   // of g and g (d - mean)
  DropoutMask dropout;
  float slope;
  NormalizationLayout layout;
  ChannelSweep sweep;
  int chunks;
};

struct CombineMoments {
  const float* partial;  // (samples, chunks, 4, channels), see MomentRecord
  float* mean;           // (rows, groups)
  float* variance;
  NormalizationLayout layout;
  int chunks;
};

struct NormalizationCoefficients {
  const float* mean;
  const float* variance;
  const float* gamma;  // (modalities, channels)
  const float* beta;
  float* scale;  // (samples, channels)
  float* shift;
  NormalizationLayout layout;
  float epsilon;
};

/// y = leakyReLU(scale * dropout(x) + shift).
struct NormalizationApply {
  const void* x;
  const float* scale;
  const float* shift;
  void* y;
  DropoutMask dropout;
  float slope;
  ChannelSweep sweep;
};

/// From the sums per chunk to those per sample and channel, and from these to the affine gradients and the coefficients of
/// gx = factor g + slant d + offset.
struct GradientCoefficients {
  const float* partial;  // (samples, chunks, 2, channels)
  double* sums;          // (2, samples, channels): g, and g (d - mean)
  const float* mean;
  const float* variance;
  const float* gamma;
  float* ggamma;  // (modalities, channels), or null
  float* gbeta;
  float* factor;  // (samples, channels), or null
  float* slant;
  float* offset;
  NormalizationLayout layout;
  float epsilon;
  int through_statistics;
  long long positions;  // per sample
  int chunks;
};

/// gx = dropout(factor * g + slant * d + offset) with d = dropout(x), g = gy times the activation's slope at d.
struct NormalizationBackwardApply {
  const void* x;
  const void* gy;
  const float* scale;
  const float* shift;
  const float* factor;
  const float* slant;
  const float* offset;
  void* gx;
  DropoutMask dropout;
  float slope;
  ChannelSweep sweep;
};

/// running = decay * running + take * batch, for modalities with a sample.
struct RunningUpdate {
  const float* mean;
  const float* variance;
  float* running_mean;
  float* running_variance;
  NormalizationLayout layout;
  float decay, take;  // take = 1 - decay, rounded once
};

/// Those of several normalizations in one launch, no two of the same running statistics: the block of parameters stays below
/// CUDA's 4 KB.
struct RunningTable {
  RunningUpdate updates[48];
};

// Normalization, leaky ReLU and dropout as a pass of its own, for readers that cannot apply them on load.
#include "normalization/parameters.cuh"

KERNEL(normalization_coefficients, 256, NormalizationCoefficients) {
  int i = blockIdx.x * 256 + threadIdx.x;
  if (i >= p.layout.samples * p.layout.channels) return;
  int sample = i / p.layout.channels, channel = i % p.layout.channels, slot = p.layout.slot(sample, channel),
      affine = p.layout.affine(sample, channel);
  double scale = p.gamma[affine] / sqrt(static_cast<double>(p.variance[slot]) + p.epsilon);
  p.scale[i] = static_cast<float>(scale);
  p.shift[i] = static_cast<float>(p.beta[affine] - p.mean[slot] * scale);
}

KERNEL(normalization_forward, 256, NormalizationApply) {
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count; i += gridDim.x * 256ll) {
    long long row = i / p.per_sample * p.channels + i % p.channels;
    float value = p.dropout.apply(p.dropout.kept(i, 1), 0, p.x[i]) * p.scale[row] + p.shift[row];
    p.y[i] = value < 0.0f ? value * p.slope : value;
  }
}

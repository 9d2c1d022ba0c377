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

namespace {

template <int Width>
DEVICE void forward(const NormalizationApply& p) {
  ChannelWalk<Width> walk(p.sweep);
  if (!walk.inside) return;
  float scale[Width], shift[Width], values[Width];
  int row = walk.sample * p.sweep.channels + walk.channel;
  load(scale, p.scale + row);
  load(shift, p.shift + row);
  const float* x = p.x + walk.first;
  float* y = p.y + walk.first;
  for (int at = walk.begin; at < walk.end; at += walk.step) {
    load(values, x + at);
    uint32_t kept = walk.kept(p.dropout, at);
#pragma unroll
    for (int i = 0; i < Width; i++) {
      float value = p.dropout.apply(kept, i, values[i]) * scale[i] + shift[i];
      values[i] = value < 0.0f ? value * p.slope : value;
    }
    store(y + at, values);
  }
}

}  // namespace

KERNEL(normalization_forward, 256, NormalizationApply) { forward<1>(p); }
KERNEL(normalization_forward_8, 256, NormalizationApply) { forward<8>(p); }

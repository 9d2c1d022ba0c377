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

template <int Width, class X, class Y>
DEVICE void forward(const NormalizationApply& p) {
  ChannelWalk<Width> walk(p.sweep);
  if (!walk.inside) return;
  constexpr int kTogether = positions_together<Width, X>();
  float scale[Width], shift[Width];
  int row = walk.sample * p.sweep.channels + walk.channel;
  load(scale, p.scale + row);
  load(shift, p.shift + row);
  auto* x = opaque(static_cast<const X*>(p.x) + walk.first);
  auto* y = opaque(static_cast<Y*>(p.y) + walk.first);
  DropoutMask dropout = held(p.dropout);
  float slope = opaque(p.slope);
  for (int at = walk.begin; at < walk.end; at += kTogether * walk.step) {
    float values[kTogether][Width];
    uint32_t kept[kTogether];
#pragma unroll
    for (int j = 0; j < kTogether; j++) {
      int place = walk.place(at, j);
      load(values[j], x + place);
      kept[j] = walk.kept(dropout, place);
    }
#pragma unroll
    for (int j = 0; j < kTogether; j++) {
      int place = at + j * walk.step;
      if (j > 0 && place >= walk.end) break;
#pragma unroll
      for (int i = 0; i < Width; i++) {
        float value = dropout.apply(kept[j], i, values[j][i]) * scale[i] + shift[i];
        values[j][i] = value < 0.0f ? value * slope : value;
      }
      store(y + place, values[j]);
    }
  }
}

}  // namespace

KERNEL(normalization_forward, 256, NormalizationApply) { forward<1, float, float>(p); }
KERNEL(normalization_forward_8, 256, NormalizationApply) { forward<8, float, float>(p); }
KERNEL(normalization_forward_bf16_f32, 256, NormalizationApply) { forward<1, BFloat16, float>(p); }
KERNEL(normalization_forward_bf16_f32_8, 256, NormalizationApply) { forward<8, BFloat16, float>(p); }
KERNEL(normalization_forward_bf16_bf16, 256, NormalizationApply) { forward<1, BFloat16, BFloat16>(p); }
KERNEL(normalization_forward_bf16_bf16_8, 256, NormalizationApply) { forward<8, BFloat16, BFloat16>(p); }

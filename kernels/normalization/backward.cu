// Gradients of normalize + leaky ReLU + dropout: two sums per channel, a handful of numbers made of them, and one pass that
// writes gx. Ioffe and Szegedy 2015.
#include "common/reduce.cuh"
#include "normalization/parameters.cuh"

namespace {

/// Sums of g and g (d - mean) per chunk and channel.
template <int Width, class X, class Gy>
DEVICE void sums(const NormalizationPass& p, float* scratch) {
  ChannelWalk<Width> walk(p.sweep);
  constexpr int kTogether = positions_together<Width, X>();
  int channels = p.sweep.channels, row = walk.sample * channels + walk.channel;
  float scale[Width], shift[Width], mean[Width], plain[Width] = {}, moment[Width] = {};
  if (walk.inside) {
    load(scale, p.scale + row);
    load(shift, p.shift + row);
#pragma unroll
    for (int i = 0; i < Width; i++) mean[i] = p.mean[p.layout.slot(walk.sample, walk.channel + i)];
  }
  auto* x = opaque(static_cast<const X*>(p.x) + walk.first);
  auto* gy = opaque(static_cast<const Gy*>(p.gy) + walk.first);
  DropoutMask dropout = held(p.dropout);
  float slope = opaque(p.slope);
  for (int at = walk.begin; at < walk.end; at += kTogether * walk.step) {
    float values[kTogether][Width], gradients[kTogether][Width];
    uint32_t kept[kTogether];
#pragma unroll
    for (int j = 0; j < kTogether; j++) {
      int place = walk.place(at, j);
      load(values[j], x + place);
      load(gradients[j], gy + place);
      kept[j] = walk.kept(dropout, place);
    }
#pragma unroll
    for (int j = 0; j < kTogether; j++) {
      if (j > 0 && at + j * walk.step >= walk.end) break;
#pragma unroll
      for (int i = 0; i < Width; i++) {
        float d = dropout.apply(kept[j], i, values[j][i]), g = gradients[j][i];
        if (d * scale[i] + shift[i] < 0.0f) g *= slope;
        plain[i] += g;
        moment[i] += g * (d - mean[i]);
      }
    }
  }
  float* target = p.partial + (static_cast<long long>(walk.sample) * p.chunks + blockIdx.x) * 2 * channels;
  int first = blockIdx.y * p.sweep.lanes * Width;
  auto write = [&](int column, float sum) {
    if (first + column < channels) target[first + column] = sum;
  };
  column_sums<256>(plain, p.sweep.lanes, scratch, write);
  target += channels;
  column_sums<256>(moment, p.sweep.lanes, scratch, write);
}

}  // namespace

KERNEL(normalization_backward_sums, 256, NormalizationPass) {
  SHARED_ARRAY(float, scratch, 256);
  sums<1, float, float>(p, scratch);
}
KERNEL(normalization_backward_sums_8, 256, NormalizationPass) {
  SHARED_ARRAY(float, scratch, 2048);
  sums<8, float, float>(p, scratch);
}
KERNEL(normalization_backward_sums_bf16_f32, 256, NormalizationPass) {
  SHARED_ARRAY(float, scratch, 256);
  sums<1, BFloat16, float>(p, scratch);
}
KERNEL(normalization_backward_sums_bf16_f32_8, 256, NormalizationPass) {
  SHARED_ARRAY(float, scratch, 2048);
  sums<8, BFloat16, float>(p, scratch);
}
KERNEL(normalization_backward_sums_bf16_bf16, 256, NormalizationPass) {
  SHARED_ARRAY(float, scratch, 256);
  sums<1, BFloat16, BFloat16>(p, scratch);
}
KERNEL(normalization_backward_sums_bf16_bf16_8, 256, NormalizationPass) {
  SHARED_ARRAY(float, scratch, 2048);
  sums<8, BFloat16, BFloat16>(p, scratch);
}

namespace {

/// A warp sums the chunks of a sample and channel.
DEVICE void sum_chunks(const GradientCoefficients& p, int row) {
  int channels = p.layout.channels, lane = threadIdx.x % 32;
  double plain = 0, moment = 0;
  for (int chunk = lane; chunk < p.chunks; chunk += 32) {
    const float* sums = p.partial + (static_cast<long long>(row / channels) * p.chunks + chunk) * 2 * channels + row % channels;
    plain += sums[0];
    moment += sums[channels];
  }
  plain = warp_sum(plain);
  moment = warp_sum(moment);
  if (lane > 0) return;
  p.sums[row] = plain;
  p.sums[p.layout.samples * channels + row] = moment;
}

DEVICE double reciprocal_deviation(const GradientCoefficients& p, int slot) {
  return 1 / sqrt(static_cast<double>(p.variance[slot]) + p.epsilon);
}

/// gbeta = sum of g, ggamma = sum of g xhat.
DEVICE void affine_gradients(const GradientCoefficients& p, int modality, int channel) {
  int channels = p.layout.channels, rows = p.layout.samples * channels, i = modality * channels + channel;
  double plain = 0, moment = 0;
  for (int sample = 0; sample < p.layout.samples; sample++) {
    if (p.layout.modality[sample] != modality) continue;
    int row = sample * channels + channel;
    plain += p.sums[row];
    moment += p.sums[rows + row] * reciprocal_deviation(p, p.layout.slot(sample, channel));
  }
  if (p.gbeta != nullptr) p.gbeta[i] = static_cast<float>(plain);
  if (p.ggamma != nullptr) p.ggamma[i] = static_cast<float>(moment);
}

/// gx = rstd (gamma g - (sum of gamma g + xhat * sum of gamma g xhat) / n), sums over the elements that share statistics.
DEVICE void input_coefficients(const GradientCoefficients& p, int sample, int channel) {
  if (p.factor == nullptr) return;
  int channels = p.layout.channels, rows = p.layout.samples * channels, i = sample * channels + channel,
      slot = p.layout.slot(sample, channel), width = p.layout.group_channels();
  double rstd = reciprocal_deviation(p, slot), plain = 0, moment = 0, elements = 0;
  for (int other = 0; other < p.layout.samples; other++) {
    if (p.layout.row(other) != p.layout.row(sample)) continue;
    elements += static_cast<double>(p.positions) * width;
    for (int c = channel / width * width; c < (channel / width + 1) * width; c++) {
      double gamma = p.gamma[p.layout.affine(other, c)];
      plain += gamma * p.sums[other * channels + c];
      moment += gamma * p.sums[rows + other * channels + c] * rstd;
    }
  }
  double slant = p.through_statistics ? -moment * rstd * rstd / elements : 0;
  p.factor[i] = static_cast<float>(p.gamma[p.layout.affine(sample, channel)] * rstd);
  p.slant[i] = static_cast<float>(slant);
  p.offset[i] = static_cast<float>(p.through_statistics ? -plain * rstd / elements - slant * p.mean[slot] : 0);
}

}  // namespace

/// One block per channel, where no channels share statistics: everything that comes between the two passes over x.
KERNEL(normalization_channel_gradients, 256, GradientCoefficients) {
  int channel = blockIdx.x;
  for (int sample = threadIdx.x / 32; sample < p.layout.samples; sample += 8) sum_chunks(p, sample * p.layout.channels + channel);
  __syncthreads();
  for (int i = threadIdx.x; i < p.layout.modalities; i += 256) affine_gradients(p, i, channel);
  for (int i = threadIdx.x; i < p.layout.samples; i += 256) input_coefficients(p, i, channel);
}

/// One warp per sample and channel.
KERNEL(normalization_combine_gradients, 256, GradientCoefficients) {
  int row = blockIdx.x * 8 + threadIdx.x / 32;
  if (row < p.layout.samples * p.layout.channels) sum_chunks(p, row);
}

/// One thread per sample and channel, and per modality and channel.
KERNEL(normalization_gradient_coefficients, 256, GradientCoefficients) {
  int i = blockIdx.x * 256 + threadIdx.x, channels = p.layout.channels;
  if (i < p.layout.modalities * channels) affine_gradients(p, i / channels, i % channels);
  if (i < p.layout.samples * channels) input_coefficients(p, i / channels, i % channels);
}

namespace {

template <int Width, class X, class Gy, class Gx>
DEVICE void apply(const NormalizationBackwardApply& p) {
  ChannelWalk<Width> walk(p.sweep);
  if (!walk.inside) return;
  constexpr int kTogether = positions_together<Width, X>();
  float scale[Width], shift[Width], factor[Width], slant[Width], offset[Width];
  int row = walk.sample * p.sweep.channels + walk.channel;
  load(scale, p.scale + row);
  load(shift, p.shift + row);
  load(factor, p.factor + row);
  load(slant, p.slant + row);
  load(offset, p.offset + row);
  auto* x = opaque(static_cast<const X*>(p.x) + walk.first);
  auto* gy = opaque(static_cast<const Gy*>(p.gy) + walk.first);
  auto* gx = opaque(static_cast<Gx*>(p.gx) + walk.first);
  DropoutMask dropout = held(p.dropout);
  float slope = opaque(p.slope);
  for (int at = walk.begin; at < walk.end; at += kTogether * walk.step) {
    float values[kTogether][Width], gradients[kTogether][Width];
    uint32_t kept[kTogether];
#pragma unroll
    for (int j = 0; j < kTogether; j++) {
      int place = walk.place(at, j);
      load(values[j], x + place);
      load(gradients[j], gy + place);
      kept[j] = walk.kept(dropout, place);
    }
#pragma unroll
    for (int j = 0; j < kTogether; j++) {
      int place = at + j * walk.step;
      if (j > 0 && place >= walk.end) break;
#pragma unroll
      for (int i = 0; i < Width; i++) {
        float d = dropout.apply(kept[j], i, values[j][i]), g = gradients[j][i];
        if (d * scale[i] + shift[i] < 0.0f) g *= slope;
        gradients[j][i] = dropout.apply(kept[j], i, factor[i] * g + (slant[i] * d + offset[i]));
      }
      store(gx + place, gradients[j]);
    }
  }
}

}  // namespace

KERNEL(normalization_backward_apply, 256, NormalizationBackwardApply) { apply<1, float, float, float>(p); }
KERNEL(normalization_backward_apply_8, 256, NormalizationBackwardApply) { apply<8, float, float, float>(p); }
KERNEL(normalization_backward_apply_bf16_f32_bf16, 256, NormalizationBackwardApply) { apply<1, BFloat16, float, BFloat16>(p); }
KERNEL(normalization_backward_apply_bf16_f32_bf16_8, 256, NormalizationBackwardApply) { apply<8, BFloat16, float, BFloat16>(p); }
KERNEL(normalization_backward_apply_bf16_bf16_bf16, 256, NormalizationBackwardApply) {
  apply<1, BFloat16, BFloat16, BFloat16>(p);
}
KERNEL(normalization_backward_apply_bf16_bf16_bf16_8, 256, NormalizationBackwardApply) {
  apply<8, BFloat16, BFloat16, BFloat16>(p);
}

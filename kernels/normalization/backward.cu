// Gradients of normalize + leaky ReLU + dropout: two sums per channel, a handful of numbers made of them, and one pass that
// writes gx. Ioffe and Szegedy 2015.
#include "common/reduce.cuh"
#include "normalization/parameters.cuh"

namespace {

/// Sums of g and g (d - mean) per chunk and channel.
template <int Width>
DEVICE void sums(const NormalizationPass& p, float* scratch) {
  ChannelWalk<Width> walk(p.sweep);
  int channels = p.sweep.channels, row = walk.sample * channels + walk.channel;
  float scale[Width], shift[Width], mean[Width], plain[Width] = {}, moment[Width] = {};
  if (walk.inside) {
    load(scale, p.scale + row);
    load(shift, p.shift + row);
#pragma unroll
    for (int i = 0; i < Width; i++) mean[i] = p.mean[p.layout.slot(walk.sample, walk.channel + i)];
  }
  const float *x = p.x + walk.first, *gy = p.gy + walk.first;
  for (int at = walk.begin; at < walk.end; at += walk.step) {
    float values[Width], gradients[Width];
    load(values, x + at);
    load(gradients, gy + at);
    uint32_t kept = walk.kept(p.dropout, at);
#pragma unroll
    for (int i = 0; i < Width; i++) {
      float d = p.dropout.apply(kept, i, values[i]), g = gradients[i];
      if (d * scale[i] + shift[i] < 0.0f) g *= p.slope;
      plain[i] += g;
      moment[i] += g * (d - mean[i]);
    }
  }
  float* target = p.partial + (static_cast<long long>(walk.sample) * p.chunks + blockIdx.x) * 2 * channels + walk.channel;
  bool writes = static_cast<int>(threadIdx.x) < p.sweep.lanes && walk.inside;
#pragma unroll
  for (int i = 0; i < Width; i++) {
    float first = column_sum(plain[i], p.sweep.lanes, 256, scratch), second = column_sum(moment[i], p.sweep.lanes, 256, scratch);
    if (writes) target[i] = first, target[channels + i] = second;
  }
}

}  // namespace

KERNEL(normalization_backward_sums, 256, NormalizationPass) {
  SHARED_ARRAY(float, scratch, 256);
  sums<1>(p, scratch);
}
KERNEL(normalization_backward_sums_8, 256, NormalizationPass) {
  SHARED_ARRAY(float, scratch, 256);
  sums<8>(p, scratch);
}

/// One warp per sample and channel.
KERNEL(normalization_combine_gradients, 256, CombineGradients) {
  int i = blockIdx.x * 8 + threadIdx.x / 32, lane = threadIdx.x % 32, rows = p.layout.samples * p.layout.channels;
  bool inside = i < rows;
  double plain = 0, moment = 0;
  for (int chunk = lane; inside && chunk < p.chunks; chunk += 32) {
    const float* sums = p.partial + (static_cast<long long>(i / p.layout.channels) * p.chunks + chunk) * 2 * p.layout.channels +
                        i % p.layout.channels;
    plain += sums[0];
    moment += sums[p.layout.channels];
  }
  plain = warp_sum(plain);
  moment = warp_sum(moment);
  if (!inside || lane > 0) return;
  p.sums[i] = plain;
  p.sums[rows + i] = moment;
}

namespace {

DEVICE double reciprocal_deviation(const GradientCoefficients& p, int slot) {
  return 1 / sqrt(static_cast<double>(p.variance[slot]) + p.epsilon);
}

}  // namespace

/// gbeta = sum of g, ggamma = sum of g xhat; gx = rstd (gamma g - (sum of gamma g + xhat * sum of gamma g xhat) / n), sums over
/// the elements that share statistics.
KERNEL(normalization_gradient_coefficients, 256, GradientCoefficients) {
  int i = blockIdx.x * 256 + threadIdx.x, channels = p.layout.channels, rows = p.layout.samples * channels;
  if (i < p.layout.modalities * channels) {
    double plain = 0, moment = 0;
    for (int sample = 0; sample < p.layout.samples; sample++) {
      if (p.layout.modality[sample] != i / channels) continue;
      int row = sample * channels + i % channels;
      plain += p.sums[row];
      moment += p.sums[rows + row] * reciprocal_deviation(p, p.layout.slot(sample, i % channels));
    }
    if (p.gbeta != nullptr) p.gbeta[i] = static_cast<float>(plain);
    if (p.ggamma != nullptr) p.ggamma[i] = static_cast<float>(moment);
  }
  if (i >= rows || p.factor == nullptr) return;
  int sample = i / channels, channel = i % channels, slot = p.layout.slot(sample, channel), width = p.layout.group_channels();
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

namespace {

template <int Width>
DEVICE void apply(const NormalizationBackwardApply& p) {
  ChannelWalk<Width> walk(p.sweep);
  if (!walk.inside) return;
  float scale[Width], shift[Width], factor[Width], slant[Width], offset[Width], values[Width], gradients[Width];
  int row = walk.sample * p.sweep.channels + walk.channel;
  load(scale, p.scale + row);
  load(shift, p.shift + row);
  load(factor, p.factor + row);
  load(slant, p.slant + row);
  load(offset, p.offset + row);
  const float *x = p.x + walk.first, *gy = p.gy + walk.first;
  float* gx = p.gx + walk.first;
  for (int at = walk.begin; at < walk.end; at += walk.step) {
    load(values, x + at);
    load(gradients, gy + at);
    uint32_t kept = walk.kept(p.dropout, at);
#pragma unroll
    for (int i = 0; i < Width; i++) {
      float d = p.dropout.apply(kept, i, values[i]), g = gradients[i];
      if (d * scale[i] + shift[i] < 0.0f) g *= p.slope;
      gradients[i] = p.dropout.apply(kept, i, factor[i] * g + (slant[i] * d + offset[i]));
    }
    store(gx + at, gradients);
  }
}

}  // namespace

KERNEL(normalization_backward_apply, 256, NormalizationBackwardApply) { apply<1>(p); }
KERNEL(normalization_backward_apply_8, 256, NormalizationBackwardApply) { apply<8>(p); }

// Gradients of normalize + leaky ReLU + dropout: two sums per channel, a handful of numbers made of them, and one pass that
// writes gx. Ioffe and Szegedy 2015.
#include "common/reduce.cuh"
#include "normalization/parameters.cuh"

/// Sums of g and g (d - mean) per chunk and channel.
KERNEL(normalization_backward_sums, 256, NormalizationPass) {
  SHARED_ARRAY(float, scratch, 256);
  int lane = threadIdx.x % p.lanes, rows = 256 / p.lanes, channel = blockIdx.y * p.lanes + lane, sample = blockIdx.z;
  long long from = static_cast<long long>(blockIdx.x) * p.chunk, to = from + p.chunk < p.positions ? from + p.chunk : p.positions;
  bool inside = channel < p.layout.channels;
  float plain = 0, moment = 0;
  if (inside) {
    float scale = p.scale[sample * p.layout.channels + channel], shift = p.shift[sample * p.layout.channels + channel],
          mean = p.mean[p.layout.slot(sample, channel)];
    for (long long position = from + threadIdx.x / p.lanes; position < to; position += rows) {
      long long element = (sample * p.positions + position) * p.layout.channels + channel;
      float d = p.dropout.apply(p.dropout.kept(element, 1), 0, p.x[element]), g = p.gy[element];
      if (d * scale + shift < 0.0f) g *= p.slope;
      plain += g;
      moment += g * (d - mean);
    }
  }
  plain = column_sum(plain, p.lanes, 256, scratch);
  moment = column_sum(moment, p.lanes, 256, scratch);
  if (static_cast<int>(threadIdx.x) < p.lanes && inside) {
    float* sums = p.partial + (static_cast<long long>(sample) * p.chunks + blockIdx.x) * 2 * p.layout.channels + channel;
    sums[0] = plain;
    sums[p.layout.channels] = moment;
  }
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

KERNEL(normalization_backward_apply, 256, NormalizationBackwardApply) {
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count; i += gridDim.x * 256ll) {
    long long row = i / p.per_sample * p.channels + i % p.channels;
    uint32_t kept = p.dropout.kept(i, 1);
    float d = p.dropout.apply(kept, 0, p.x[i]), g = p.gy[i];
    if (d * p.scale[row] + p.shift[row] < 0.0f) g *= p.slope;
    p.gx[i] = p.dropout.apply(kept, 0, p.factor[row] * g + (p.slant[row] * d + p.offset[row]));
  }
}

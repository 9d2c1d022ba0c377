// Mean and variance per modality, sample or group: moments per chunk of positions, merged in a fixed order by the update of Chan, Golub and LeVeque (1979).
#include "common/reduce.cuh"
#include "normalization/parameters.cuh"

namespace {

/// Count, mean and sum of squared deviations of a set of numbers.
struct MomentTriple {
  double count, mean, squares;

  DEVICE void add(const MomentTriple& other) {
    double total = count + other.count;
    if (total == 0) return;
    double difference = other.mean - mean;
    squares += other.squares + difference * difference * count * other.count / total;
    mean += difference * other.count / total;
    count = total;
  }
};

}  // namespace

KERNEL(normalization_statistics, 256, NormalizationPass) {
  SHARED_ARRAY(float, scratch, 256);
  SHARED_ARRAY(float, means, 32);
  int lane = threadIdx.x % p.lanes, rows = 256 / p.lanes, channel = blockIdx.y * p.lanes + lane, sample = blockIdx.z;
  long long from = static_cast<long long>(blockIdx.x) * p.chunk, to = from + p.chunk < p.positions ? from + p.chunk : p.positions;
  float count = static_cast<float>(to - from);
  bool inside = channel < p.layout.channels;
  auto sweep = [&](float mean, bool squared) {
    float sum = 0;
    for (long long position = from + threadIdx.x / p.lanes; inside && position < to; position += rows) {
      long long element = (sample * p.positions + position) * p.layout.channels + channel;
      float v = p.dropout.apply(p.dropout.kept(element, 1), 0, p.x[element]) - mean;
      sum += squared ? v * v : v;
    }
    return column_sum(sum, p.lanes, 256, scratch);
  };
  float sum = sweep(0.0f, false);
  if (static_cast<int>(threadIdx.x) < p.lanes) means[lane] = sum / count;
  __syncthreads();
  float mean = means[lane], squares = sweep(mean, true);
  if (static_cast<int>(threadIdx.x) < p.lanes && inside) {
    float* triple = p.partial + (static_cast<long long>(sample) * p.chunks + blockIdx.x) * 3 * p.layout.channels + channel;
    triple[0] = count;
    triple[p.layout.channels] = mean;
    triple[2 * p.layout.channels] = squares;
  }
}

/// One block per row and group. Rows without a sample are left alone.
KERNEL(normalization_combine_moments, 128, CombineMoments) {
  SHARED_ARRAY(MomentTriple, triples, 128);
  int slot = blockIdx.x, row = slot / p.layout.groups, group = slot % p.layout.groups, width = p.layout.group_channels();
  MomentTriple sum = {0, 0, 0};
  for (int sample = 0; sample < p.layout.samples; sample++) {
    if (p.layout.row(sample) != row) continue;
    for (int i = threadIdx.x; i < p.chunks * width; i += 128) {
      const float* triple = p.partial + (static_cast<long long>(sample) * p.chunks + i / width) * 3 * p.layout.channels + group * width + i % width;
      sum.add({triple[0], triple[p.layout.channels], triple[2 * p.layout.channels]});
    }
  }
  triples[threadIdx.x] = sum;
  for (int half = 64; half > 0; half /= 2) {
    __syncthreads();
    if (static_cast<int>(threadIdx.x) < half) triples[threadIdx.x].add(triples[threadIdx.x + half]);
  }
  if (threadIdx.x == 0 && triples[0].count > 0) {
    p.mean[slot] = static_cast<float>(triples[0].mean);
    p.variance[slot] = static_cast<float>(triples[0].squares / triples[0].count);
  }
}

KERNEL(normalization_running_statistics, 256, RunningStatistics) {
  int i = blockIdx.x * 256 + threadIdx.x;
  if (i >= p.layout.modalities * p.layout.groups) return;
  bool present = false;
  for (int sample = 0; sample < p.layout.samples; sample++) present |= p.layout.modality[sample] == i / p.layout.groups;
  if (!present) return;
  p.running_mean[i] = p.decay * p.running_mean[i] + (1 - p.decay) * p.mean[i];
  p.running_variance[i] = p.decay * p.running_variance[i] + (1 - p.decay) * p.variance[i];
}

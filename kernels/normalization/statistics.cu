// Mean and variance per modality, sample or group: moments per chunk of positions, merged in a fixed order by the update of Chan,
// Golub and LeVeque (1979).
#include "common/moments.cuh"
#include "common/reduce.cuh"
#include "normalization/parameters.cuh"

KERNEL(normalization_statistics, 256, NormalizationPass) {
  SHARED_ARRAY(float, scratch, 256);
  SHARED_ARRAY(float, pivots, 32);
  int lane = threadIdx.x % p.lanes, rows = 256 / p.lanes, channel = blockIdx.y * p.lanes + lane, sample = blockIdx.z;
  long long from = static_cast<long long>(blockIdx.x) * p.chunk, to = from + p.chunk < p.positions ? from + p.chunk : p.positions;
  bool inside = channel < p.layout.channels;
  float count = static_cast<float>(to - from), pivot = 0, deviations = 0, squares = 0;
  for (int sweep = 0; sweep < 2; sweep++) {
    deviations = squares = 0;
    for (long long position = from + threadIdx.x / p.lanes; inside && position < to; position += rows) {
      long long element = (sample * p.positions + position) * p.layout.channels + channel;
      float deviation = p.dropout.apply(p.dropout.kept(element, 1), 0, p.x[element]) - pivot;
      deviations += deviation;
      squares += deviation * deviation;
    }
    deviations = column_sum(deviations, p.lanes, 256, scratch);
    squares = column_sum(squares, p.lanes, 256, scratch);
    if (sweep == 1) break;
    if (static_cast<int>(threadIdx.x) < p.lanes) pivots[lane] = deviations / count;
    __syncthreads();
    pivot = pivots[lane];
  }
  if (static_cast<int>(threadIdx.x) < p.lanes && inside) {
    float* record =
        p.partial + (static_cast<long long>(sample) * p.chunks + blockIdx.x) * MomentRecord::kRows * p.layout.channels + channel;
    record[MomentRecord::kCount * p.layout.channels] = count;
    record[MomentRecord::kPivot * p.layout.channels] = pivot;
    record[MomentRecord::kDeviations * p.layout.channels] = deviations;
    record[MomentRecord::kSquares * p.layout.channels] = squares;
  }
}

/// One block per row and group. Rows without a sample are left alone.
KERNEL(normalization_combine_moments, 128, CombineMoments) {
  SHARED_ARRAY(Moments, merged, 128);
  int slot = blockIdx.x, row = slot / p.layout.groups, group = slot % p.layout.groups, width = p.layout.group_channels();
  Moments sum = {0, 0, 0};
  for (int sample = 0; sample < p.layout.samples; sample++) {
    if (p.layout.row(sample) != row) continue;
    for (int i = threadIdx.x; i < p.chunks * width; i += 128) {
      const float* record = p.partial +
                            (static_cast<long long>(sample) * p.chunks + i / width) * MomentRecord::kRows * p.layout.channels +
                            group * width + i % width;
      sum.add(Moments::read(record, p.layout.channels));
    }
  }
  merged[threadIdx.x] = sum;
  for (int half = 64; half > 0; half /= 2) {
    __syncthreads();
    if (static_cast<int>(threadIdx.x) < half) merged[threadIdx.x].add(merged[threadIdx.x + half]);
  }
  if (threadIdx.x == 0 && merged[0].count > 0) {
    p.mean[slot] = static_cast<float>(merged[0].mean);
    p.variance[slot] = static_cast<float>(merged[0].squares / merged[0].count);
  }
}

KERNEL(normalization_running_statistics, 256, RunningStatistics) {
  int i = blockIdx.x * 256 + threadIdx.x;
  if (i >= p.layout.modalities * p.layout.groups) return;
  bool present = false;
  for (int sample = 0; sample < p.layout.samples; sample++) present |= p.layout.modality[sample] == i / p.layout.groups;
  if (!present) return;
  p.running_mean[i] = p.decay * p.running_mean[i] + p.take * p.mean[i];
  p.running_variance[i] = p.decay * p.running_variance[i] + p.take * p.variance[i];
}

// Mean and variance per modality, sample or group: moments per chunk of positions, merged in a fixed order by the update of Chan,
// Golub and LeVeque (1979).
#include "common/moments.cuh"
#include "common/reduce.cuh"
#include "common/digit_walk.cuh"
#include "normalization/parameters.cuh"

namespace {

struct StatisticsScratch {
  float* sums;    // 256
  float* pivots;  // of the 8 * 32 channels of a tile at most
};

template <int Width>
DEVICE void statistics(const NormalizationPass& p, StatisticsScratch scratch) {
  ChannelWalk<Width> walk(p.sweep);
  int channels = p.sweep.channels, lanes = p.sweep.lanes;
  bool writes = static_cast<int>(threadIdx.x) < lanes && walk.inside;
  const float* x = p.x + walk.first;
  float* record =
      p.partial + (static_cast<long long>(walk.sample) * p.chunks + blockIdx.x) * MomentRecord::kRows * channels + walk.channel;
  float count = static_cast<float>(walk.count), pivot[Width] = {};
  for (int sweep = 0; sweep < 2; sweep++) {
    float deviations[Width] = {}, squares[Width] = {};
    for (int at = walk.begin; at < walk.end; at += walk.step) {
      float values[Width];
      load(values, x + at);
      uint32_t kept = walk.kept(p.dropout, at);
#pragma unroll
      for (int i = 0; i < Width; i++) {
        float deviation = p.dropout.apply(kept, i, values[i]) - pivot[i];
        deviations[i] += deviation;
        squares[i] += deviation * deviation;
      }
    }
#pragma unroll
    for (int i = 0; i < Width; i++) {
      float sum = column_sum(deviations[i], lanes, 256, scratch.sums);
      if (sweep == 0) {
        if (static_cast<int>(threadIdx.x) < lanes) scratch.pivots[walk.lane * Width + i] = sum / count;
        continue;
      }
      float sum_of_squares = column_sum(squares[i], lanes, 256, scratch.sums);
      if (!writes) continue;
      record[MomentRecord::kCount * channels + i] = count;
      record[MomentRecord::kPivot * channels + i] = pivot[i];
      record[MomentRecord::kDeviations * channels + i] = sum;
      record[MomentRecord::kSquares * channels + i] = sum_of_squares;
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < Width; i++) pivot[i] = scratch.pivots[walk.lane * Width + i];
  }
}

}  // namespace

KERNEL(normalization_statistics, 256, NormalizationPass) {
  SHARED_ARRAY(float, sums, 256);
  SHARED_ARRAY(float, pivots, 32);
  statistics<1>(p, {sums, pivots});
}
KERNEL(normalization_statistics_8, 256, NormalizationPass) {
  SHARED_ARRAY(float, sums, 256);
  SHARED_ARRAY(float, pivots, 256);
  statistics<8>(p, {sums, pivots});
}

/// One block per row and group. Rows without a sample are left alone.
KERNEL(normalization_combine_moments, 128, CombineMoments) {
  SHARED_ARRAY(Moments, merged, 128);
  int slot = blockIdx.x, row = slot / p.layout.groups, group = slot % p.layout.groups, width = p.layout.group_channels();
  Moments sum = {0, 0, 0};
  for (int sample = 0; sample < p.layout.samples; sample++) {
    if (p.layout.row(sample) != row) continue;
    DigitWalk<1> walk(threadIdx.x, 128, {width});
    for (; walk.quotient < p.chunks; walk.advance()) {
      const float* record =
          p.partial + (static_cast<long long>(sample) * p.chunks + walk.quotient) * MomentRecord::kRows * p.layout.channels +
          group * width + walk.digits[0];
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

// Mean and variance per modality, sample or group: moments per chunk of positions, added in a fixed order.
#include "common/moments.cuh"
#include "common/reduce.cuh"
#include "common/digit_walk.cuh"
#include "normalization/parameters.cuh"

namespace {

struct StatisticsScratch {
  float* sums;    // see column_sums
  float* pivots;  // of the channels of a tile
};

template <int Width, class X>
DEVICE void statistics(const NormalizationPass& p, StatisticsScratch scratch) {
  ChannelWalk<Width> walk(p.sweep);
  int channels = p.sweep.channels, lanes = p.sweep.lanes, tile = blockIdx.y * lanes * Width;
  auto* x = static_cast<const X*>(p.x) + walk.first;
  float* record =
      p.partial + (static_cast<long long>(walk.sample) * p.chunks + blockIdx.x) * MomentRecord::kRows * channels + tile;
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
    column_sums<256>(deviations, lanes, scratch.sums, [&](int column, float sum) {
      if (sweep == 0) {
        scratch.pivots[column] = sum / count;
      } else if (tile + column < channels) {
        record[MomentRecord::kCount * channels + column] = count;
        record[MomentRecord::kPivot * channels + column] = scratch.pivots[column];
        record[MomentRecord::kDeviations * channels + column] = sum;
      }
    });
    if (sweep == 0) {
#pragma unroll
      for (int i = 0; i < Width; i++) pivot[i] = scratch.pivots[walk.lane * Width + i];
    } else {
      column_sums<256>(squares, lanes, scratch.sums, [&](int column, float sum) {
        if (tile + column < channels) record[MomentRecord::kSquares * channels + column] = sum;
      });
    }
  }
}

}  // namespace

KERNEL(normalization_statistics, 256, NormalizationPass) {
  SHARED_ARRAY(float, sums, 256);
  SHARED_ARRAY(float, pivots, 32);
  statistics<1, float>(p, {sums, pivots});
}
KERNEL(normalization_statistics_8, 256, NormalizationPass) {
  SHARED_ARRAY(float, sums, 2048);
  SHARED_ARRAY(float, pivots, 256);
  statistics<8, float>(p, {sums, pivots});
}
KERNEL(normalization_statistics_bf16, 256, NormalizationPass) {
  SHARED_ARRAY(float, sums, 256);
  SHARED_ARRAY(float, pivots, 32);
  statistics<1, BFloat16>(p, {sums, pivots});
}
KERNEL(normalization_statistics_bf16_8, 256, NormalizationPass) {
  SHARED_ARRAY(float, sums, 2048);
  SHARED_ARRAY(float, pivots, 256);
  statistics<8, BFloat16>(p, {sums, pivots});
}

/// One block per row and group; the pivot is the first record's. Rows without a sample are left alone.
KERNEL(normalization_combine_moments, 128, CombineMoments) {
  SHARED_ARRAY(DeviationSums, merged, 128);
  int slot = blockIdx.x, row = slot / p.layout.groups, group = slot % p.layout.groups, width = p.layout.group_channels(),
      channels = p.layout.channels;
  DeviationSums sum = {0, 0, 0};
  const float* pivot = nullptr;
  for (int sample = 0; sample < p.layout.samples; sample++) {
    if (p.layout.row(sample) != row) continue;
    const float* records = p.partial + static_cast<long long>(sample) * p.chunks * MomentRecord::kRows * channels + group * width;
    if (pivot == nullptr) pivot = records + MomentRecord::kPivot * channels;
    DigitWalk<1> walk(threadIdx.x, 128, {width});
    for (; walk.quotient < p.chunks; walk.advance())
      sum.add(records + walk.quotient * MomentRecord::kRows * channels + walk.digits[0], channels, *pivot);
  }
  merged[threadIdx.x] = sum;
  for (int half = 64; half > 0; half /= 2) {
    __syncthreads();
    if (static_cast<int>(threadIdx.x) < half) merged[threadIdx.x].add(merged[threadIdx.x + half]);
  }
  if (threadIdx.x == 0 && pivot != nullptr) {
    p.mean[slot] = static_cast<float>(merged[0].mean(*pivot));
    p.variance[slot] = static_cast<float>(merged[0].variance());
  }
}

/// Block row b does update b of the table.
KERNEL(normalization_running_statistics, 256, RunningTable) {
  const RunningUpdate& update = p.updates[blockIdx.y];
  const NormalizationLayout& layout = update.layout;
  for (int i = blockIdx.x * 256 + threadIdx.x; i < layout.modalities * layout.groups; i += gridDim.x * 256) {
    bool present = false;
    for (int sample = 0; sample < layout.samples; sample++) present |= layout.modality[sample] == i / layout.groups;
    if (!present) continue;
    update.running_mean[i] = update.decay * update.running_mean[i] + update.take * update.mean[i];
    update.running_variance[i] = update.decay * update.running_variance[i] + update.take * update.variance[i];
  }
}

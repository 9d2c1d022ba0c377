// Count, mean and squared deviations of a set of numbers, and the form in which float sums of a few hundred numbers keep them
// exactly enough.
#pragma once
#include "common/platform.cuh"

/// Rows of one set's record, each with one number per channel: the count, a number near the mean, and the sums of deviations from
/// it and of their squares. The second pair loses nothing however far the mean lies from zero, although all are floats.
struct MomentRecord {
  static constexpr int kRows = 4;
  enum Row { kCount, kPivot, kDeviations, kSquares };
};

/// Moments in float64, merged by the update of Chan, Golub and LeVeque (1979).
struct Moments {
  double count, mean, squares;

  /// The record of one channel, whose rows lie `pitch` apart.
  DEVICE static Moments read(const float* record, int pitch) {
    double count = record[MomentRecord::kCount * pitch], deviations = record[MomentRecord::kDeviations * pitch];
    return {
        count, record[MomentRecord::kPivot * pitch] + deviations / count,
        record[MomentRecord::kSquares * pitch] - deviations * deviations / count};
  }

  DEVICE void add(const Moments& other) {
    double total = count + other.count;
    if (total == 0) return;
    double difference = other.mean - mean;
    squares += other.squares + difference * difference * count * other.count / total;
    mean += difference * other.count / total;
    count = total;
  }
};

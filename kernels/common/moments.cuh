// Count, mean and squared deviations of sets of numbers: the form in which float sums of a few hundred keep them exactly enough,
// and how they add up.
#pragma once
#include "common/platform.cuh"

/// Rows of one set's record, each with one number per channel: the count, a number near the mean, and the sums of deviations from
/// it and of their squares. The second pair loses nothing however far the mean lies from zero, although all are floats.
struct MomentRecord {
  static constexpr int kRows = 4;
  enum Row { kCount, kPivot, kDeviations, kSquares };
};

/// Sums in float64 over several sets: of how many numbers, and of their deviations from one pivot and of the squares of those.
/// Adding takes no division. Where the pivot is one of the numbers, as far from their mean as it may be, the variance loses no
/// more bits to cancellation than their count has: of 2^23 numbers it keeps 30.
struct DeviationSums {
  double count, deviations, squares;

  /// Adds the record of one channel, whose rows lie `pitch` apart.
  DEVICE void add(const float* record, int pitch, double pivot) {
    double number = record[MomentRecord::kCount * pitch], sum = record[MomentRecord::kDeviations * pitch],
           shift = record[MomentRecord::kPivot * pitch] - pivot;
    squares += record[MomentRecord::kSquares * pitch] + shift * (2 * sum + shift * number);
    deviations += sum + shift * number;
    count += number;
  }

  DEVICE void add(const DeviationSums& other) {
    count += other.count;
    deviations += other.deviations;
    squares += other.squares;
  }

  DEVICE double mean(double pivot) const { return pivot + deviations / count; }
  DEVICE double variance() const { return (squares - deviations * deviations / count) / count; }
};

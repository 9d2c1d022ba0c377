// How all threads of a block fill shared memory with planes of eight channels, for the weight gradient on mma.sync.
#pragma once
#include "common/bfloat16.cuh"
#include "common/vector_access.cuh"
#include "convolution/position_box.cuh"

/// A block fills planes of eight channels, [part][plane][position][8] as bfloat16. A thread's channels stay the same.
template <int Parts>
struct PlaneFiller {
  /// Loads under way per thread. With three parts registers are short, and products take longer than loads.
  static constexpr int kInFlight = Parts == 3 ? 1 : 2;

  /// Eight values at the m-th position of a plane, beside its further parts.
  DEVICE static void put(const PlaneFill& fill, char* plane, int m, float (&values)[8]) {
    uint4 parts[Parts];
    split_bfloat16(values, parts);
#pragma unroll
    for (int part = 0; part < Parts; part++)
      *reinterpret_cast<uint4*>(plane + (part * fill.planes * fill.pitch + m) * 16) = parts[part];
  }

  /// Loads the positions of a sample that `position_of` gives for elements of the box, zeros for negative ones. `size`:
  /// positions of a sample. `scale` and `shift`: the transform's of this sample and the block's channels, in shared memory, since
  /// registers are what limits the sums.
  template <class PositionOf>
  DEVICE static void load(
      const PlaneFill& fill, int start, const float* x, int sample, int size, int first_channel, int channels,
      const InputTransform& transform, const float* scale, const float* shift, const BoxElement* box, PositionOf position_of,
      char* target) {
    if (start >= fill.together) return;  // threads beyond the last whole position
    int plane = opaque(threadIdx.x) - start * fill.planes, channel = first_channel + plane * 8;
    bool exists = channel < channels, whole = channels % 8 == 0;
    long long first_element = static_cast<long long>(sample) * size * channels + channel;
    x += first_element;
    target += plane * fill.pitch * 16;
#pragma unroll 1
    for (int first = start; first < fill.positions; first += kInFlight * fill.together) {
      float values[kInFlight][8];
      int positions[kInFlight];
#pragma unroll
      for (int j = 0; j < kInFlight; j++) {
        int m = first + j * fill.together;
        positions[j] = exists && m < fill.positions ? position_of(box[m]) : -1;
      }
#pragma unroll
      for (int j = 0; j < kInFlight; j++) {
#pragma unroll
        for (int i = 0; i < 8; i++) values[j][i] = 0.0f;
        if (positions[j] < 0) continue;
        if (whole) ::load(values[j], x + positions[j] * channels);
        else load_channels(values[j], x + positions[j] * channels - channel, 0, 0, channel, channels, InputTransform::none());
      }
#pragma unroll
      for (int j = 0; j < kInFlight; j++) {
        if (first + j * fill.together >= fill.positions) break;
        if (positions[j] >= 0 && !transform.identity()) {
          if (transform.dropout.active()) {
            uint32_t kept = transform.dropout.kept(first_element + positions[j] * channels, 8);
#pragma unroll
            for (int i = 0; i < 8; i++) values[j][i] = transform.dropout.apply(kept, i, values[j][i]);
          }
          if (transform.scale != nullptr) {
#pragma unroll
            for (int i = 0; i < 8; i += 4) {
              float scales[4], shifts[4];
              ::load(scales, scale + plane * 8 + i);
              ::load(shifts, shift + plane * 8 + i);
#pragma unroll
              for (int k = 0; k < 4; k++) values[j][i + k] = normalize(values[j][i + k], scales[k], shifts[k], transform.slope);
            }
          }
        }
        put(fill, target, first + j * fill.together, values[j]);
      }
    }
  }
};

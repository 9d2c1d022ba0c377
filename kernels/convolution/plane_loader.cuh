// How the producers of the wgmma kernels fill shared memory: planes of eight channels as bfloat16, [part][channel /
// 8][position][8].
#pragma once
#include "common/bfloat16.cuh"
#include "common/vector_access.cuh"
#include "convolution/tile.cuh"

/// The coordinates of a box in row-major order, several at a time, without divisions.
struct BoxWalk {
  Size3 at;

  DEVICE void advance(int elements, const Size3& box) {
    for (at.width += elements; at.width >= box.width; at.width -= box.width) {
      if (++at.height < box.height) continue;
      at.height = 0;
      at.depth++;
    }
  }
};

/// `Threads` threads load boxes of positions of tensors whose channels are a multiple of 8. A thread's channels stay the same,
/// and `InFlight` of its loads are under way at a time.
template <int Threads, int Planes, int Parts, int InFlight>
struct PlaneLoader {
  static constexpr int kPositions = Threads / Planes;  // at a time
  static_assert(Threads % Planes == 0, "a thread's plane must stay the same");

  /// Positions between the starts of two planes: spread so that eight threads which store together reach all banks.
  DEVICE static int pitch(int positions) { return positions + (8 + 8 / Planes - positions % 8) % 8; }

  /// Loads the positions of a sample that `position_of` gives for coordinates of the box, zeros for negative ones. `size`:
  /// positions of a sample.
  template <class PositionOf>
  DEVICE static void load(
      int thread, const float* x, int sample, int size, int first_channel, int channels, const InputTransform& transform,
      const Size3& box, PositionOf position_of, char* target) {
    int plane = thread % Planes, channel = first_channel + plane * 8, count = box.count(), plane_bytes = pitch(count) * 16;
    long long first_element = static_cast<long long>(sample) * size * channels + channel;
    target += plane * plane_bytes;
    BoxWalk walk{unflatten(thread / Planes, box)};
    for (int first = thread / Planes; first < count; first += kPositions * InFlight) {
      float values[InFlight][8];
      int positions[InFlight];
#pragma unroll
      for (int j = 0; j < InFlight; j++) {
        positions[j] = first + j * kPositions < count && channel < channels ? position_of(walk.at) : -1;
        walk.advance(kPositions, box);
#pragma unroll
        for (int i = 0; i < 8; i++) values[j][i] = 0.0f;
        if (positions[j] >= 0) ::load(values[j], x + first_element + static_cast<long long>(positions[j]) * channels);
      }
#pragma unroll
      for (int j = 0; j < InFlight; j++) {
        if (first + j * kPositions >= count) break;
        if (positions[j] >= 0 && !transform.identity()) {
          if (transform.dropout.active()) {
            uint32_t kept =
                transform.dropout.kept_in_block((first_element + static_cast<long long>(positions[j]) * channels) / 8);
#pragma unroll
            for (int i = 0; i < 8; i++) values[j][i] = transform.dropout.apply(kept, i, values[j][i]);
          }
          if (transform.scale != nullptr) {
            float scale[8], shift[8];
            ::load(scale, transform.scale + static_cast<long long>(sample) * channels + channel);
            ::load(shift, transform.shift + static_cast<long long>(sample) * channels + channel);
#pragma unroll
            for (int i = 0; i < 8; i++) values[j][i] = transform.normalize(values[j][i], scale[i], shift[i]);
          }
        }
        uint4 parts[Parts];
        split_bfloat16(values[j], parts);
#pragma unroll
        for (int part = 0; part < Parts; part++)
          *reinterpret_cast<uint4*>(target + part * Planes * plane_bytes + (first + j * kPositions) * 16) = parts[part];
      }
    }
  }
};

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

  /// Loads the positions of a sample that `position_of` gives for elements of the box, zeros for those outside. `size`:
  /// positions of a sample. `scale` and `shift`: the transform's of this sample and the block's channels, in shared memory, since
  /// registers are what limits the sums. Channels of bfloat16 are a multiple of 8; without a transform they are copied
  /// asynchronously, and the caller closes the group.
  template <class Element, class PositionOf>
  DEVICE static void load(
      const PlaneFill& fill, int start, const Element* x, int sample, int size, int first_channel, int channels,
      const InputTransform& transform, const float* scale, const float* shift, const BoxElement* box,
      const PositionOf& position_of, char* target) {
    if (start >= fill.together) return;  // threads beyond the last whole position
    int plane = opaque(threadIdx.x) - start * fill.planes, channel = first_channel + plane * 8;
    bool exists = channel < channels;
    long long first_element = static_cast<long long>(sample) * size * channels + channel;
    x += first_element;
    scale += plane * 8;
    shift += plane * 8;
    target += plane * fill.pitch * 16;
    if constexpr (sizeof(Element) == sizeof(BFloat16)) {
      StoredSource<PositionOf> source{
          reinterpret_cast<const char*>(x), channels * static_cast<int>(sizeof(Element)), exists, box, position_of};
      if (transform.identity()) copy(fill, start, source, target);
      else if (!transform.dropout.active())
        normalize_stored<false>(fill, start, source, first_element / 8, transform, scale, shift, target);
      else normalize_stored<true>(fill, start, source, first_element / 8, transform, scale, shift, target);
    } else {
      auto position_at = [&](int m) { return exists && m < fill.positions ? position_of(box[m]).checked() : -1; };
      convert(fill, start, x, channel, channels, first_element, transform, scale, shift, position_at, target);
    }
  }

 private:
  /// Where a thread finds its eight channels, stored as bfloat16, of elements of the box.
  template <class PositionOf>
  struct StoredSource {
    const char* x;
    int position_bytes;
    bool exists;  // whether the tensor has these channels
    const BoxElement* box;
    const PositionOf& position_of;

    DEVICE BoxPosition position(int m) const {
      BoxPosition position = position_of(box[m]);
      return {position.index, exists && position.inside};
    }
    DEVICE const void* address(const BoxPosition& position) const {
      return x + static_cast<long long>(position.index) * position_bytes;
    }
  };

  template <class Source>
  DEVICE static void copy(const PlaneFill& fill, int start, const Source& source, char* target) {
#pragma unroll 2
    for (int m = start; m < fill.positions; m += fill.together) {
      BoxPosition position = source.position(m);
      copy_async_16_or_zeros(target + m * 16, source.address(position), position.inside);
    }
  }

  /// Of numbers that are stored as bfloat16. Scale and shift are read once for all loads under way.
  template <bool Drops, class PositionOf>
  DEVICE static void normalize_stored(
      const PlaneFill& fill, int start, const StoredSource<PositionOf>& source, long long first_block,
      const InputTransform& transform, const float* scale, const float* shift, char* target) {
    constexpr int kTogether = Drops ? (PositionOf::kLoads + 1) / 2 : PositionOf::kLoads;  // the mask takes registers, too
    float slope = transform.scale != nullptr ? transform.slope : 1.0f;
    int last = fill.positions - 1, position_blocks = source.position_bytes / 16;
#pragma unroll 1
    for (int first = start; first <= last; first += kTogether * fill.together) {
      uint32_t pairs[kTogether][4], kept[kTogether], mask[kTogether];  // mask: zeros where there is no position
#pragma unroll
      for (int j = 0; j < kTogether; j++) {
        int m = first + j * fill.together;
        BoxPosition position = source.position(m < last ? m : last);
        uint4 stored = make_uint4(0, 0, 0, 0);
        kept[j] = 0;
        if (position.inside) {
          stored = *static_cast<const uint4*>(source.address(position));
          if constexpr (Drops) kept[j] = transform.dropout.kept_in_block(first_block + position.index * position_blocks);
        }
        mask[j] = position.inside ? 0xffffffffu : 0;
        pairs[j][0] = stored.x, pairs[j][1] = stored.y, pairs[j][2] = stored.z, pairs[j][3] = stored.w;
      }
#pragma unroll
      for (int half = 0; half < 2; half++) {
        float scales[4], shifts[4];
        ::load(scales, scale + half * 4);
        ::load(shifts, shift + half * 4);
#pragma unroll
        for (int j = 0; j < kTogether; j++)
#pragma unroll
          for (int i = 0; i < 2; i++) {
            uint32_t& pair = pairs[j][half * 2 + i];
            float values[2] = {bfloat16_low(pair), bfloat16_high(pair)};
#pragma unroll
            for (int k = 0; k < 2; k++) {
              if constexpr (Drops) values[k] = transform.dropout.apply(kept[j], half * 4 + i * 2 + k, values[k]);
              values[k] = normalize(values[k], scales[i * 2 + k], shifts[i * 2 + k], slope);
            }
            pair = pack_bfloat16(values[0], values[1]) & mask[j];
          }
      }
#pragma unroll
      for (int j = 0; j < kTogether; j++) {
        int m = first + j * fill.together;
        if (m <= last)
          *reinterpret_cast<uint4*>(target + m * 16) = make_uint4(pairs[j][0], pairs[j][1], pairs[j][2], pairs[j][3]);
      }
    }
  }

  /// Of floats, which are split into parts.
  template <class PositionAt>
  DEVICE static void convert(
      const PlaneFill& fill, int start, const float* x, int channel, int channels, long long first_element,
      const InputTransform& transform, const float* scale, const float* shift, PositionAt position_at, char* target) {
    bool whole = channels % 8 == 0;
#pragma unroll 1
    for (int first = start; first < fill.positions; first += kInFlight * fill.together) {
      float values[kInFlight][8];
      int positions[kInFlight];
#pragma unroll
      for (int j = 0; j < kInFlight; j++) positions[j] = position_at(first + j * fill.together);
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
              ::load(scales, scale + i);
              ::load(shifts, shift + i);
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

// How the producers of the wgmma kernels fill shared memory: planes of eight channels as bfloat16, [part][channel /
// 8][position][8].
#pragma once
#include "common/bfloat16.cuh"
#include "convolution/tile.cuh"

/// Channels of a sample's positions, as loaders find them.
struct PositionSource {
  const void* x;  // (samples, extent, channels), float or bfloat16
  Size3 extent;
  int channels, symmetric;
};

/// `Threads` threads load boxes of positions of tensors whose channels are a multiple of 8. A thread's channels stay the same,
/// and `InFlight` of its loads are under way at a time.
template <int Threads, int Planes, int Parts, int InFlight>
struct PlaneLoader {
  static constexpr int kPositions = Threads / Planes;  // at a time
  static_assert(Threads % Planes == 0, "a thread's plane must stay the same");

  Size3 box, step;
  int thread;

  DEVICE PlaneLoader(int thread, const Size3& box) : box(box), step(unflatten(kPositions, box)), thread(thread) {}

  /// Positions between the starts of two planes: spread so that eight threads which store together reach all banks.
  DEVICE static int pitch(int positions) { return positions + (8 + 8 / Planes - positions % 8) % 8; }

  /// Loads eight channels per plane from `first_channel` on, at the positions of the box that begins at `from`; zeros for those
  /// that do not exist. `plane_bytes`: between the starts of two planes. bfloat16 without a transform is copied asynchronously;
  /// the caller closes the group.
  template <class Element>
  DEVICE void load(
      const PositionSource& source, int sample, int first_channel, const InputTransform& transform, const Size3& from,
      int plane_bytes, char* target) const {
    int plane = thread % Planes, channel = first_channel + plane * 8;
    long long first_element = static_cast<long long>(sample) * source.extent.count() * source.channels + channel;
    int existing = channel < source.channels ? box.count() : 0;
    with_channel_transform<8>(
        transform, sample, channel, source.channels,
        Fill<Element>{*this, source, from, existing, first_element, plane_bytes, target + plane * plane_bytes});
  }

 private:
  /// The loop over the thread's positions.
  template <class Element>
  struct Fill {
    const PlaneLoader& loader;
    const PositionSource& source;
    const Size3& from;
    int existing;             // positions whose channels exist: all or none
    long long first_element;  // of the thread's channels at position 0 of the sample
    int plane_bytes;
    char* target;

    template <class Transform>
    DEVICE void operator()(const Transform& transform) const {
      if constexpr (Transform::kIdentity && sizeof(Element) == sizeof(BFloat16)) copy();
      else convert(transform);
    }

    template <class Transform>
    DEVICE void convert(const Transform& transform) const {
      const Element* x = opaque(static_cast<const Element*>(source.x) + first_element);
      int count = loader.box.count(), first = opaque(loader.thread) / Planes;
      BoxWalk walk(first, loader.step, from, loader.box);
      for (int i = first; i < count; i += kPositions * InFlight) {
        StoredEight<Element> stored[InFlight] = {};
        uint32_t loaded = 0, kept[InFlight] = {};  // bit j: whether there is a j-th position
#pragma unroll
        for (int j = 0; j < InFlight; j++) {
          int position = i + j * kPositions < existing ? input_position(walk.at, source.extent, source.symmetric) : -1;
          walk.advance(loader.box);
          if (position < 0) continue;
          loaded |= 1u << j;
          stored[j].load(x + position * source.channels);
          kept[j] = transform.kept_in_block(first_element / 8 + position * (source.channels / 8));
        }
#pragma unroll
        for (int j = 0; j < InFlight; j++) {
          if (i + j * kPositions >= count) break;
          float values[8];
          stored[j].widen(values);
          if (loaded >> j & 1) transform.apply(values, kept[j]);
          uint4 parts[Parts];
          split_bfloat16(values, parts);
#pragma unroll
          for (int part = 0; part < Parts; part++)
            *reinterpret_cast<uint4*>(target + part * Planes * plane_bytes + (i + j * kPositions) * 16) = parts[part];
        }
      }
    }

    /// Of a position, whether there is one or not.
    DEVICE static const Element* at(const Element* x, int position, int row_bytes) {
      return reinterpret_cast<const Element*>(reinterpret_cast<const char*>(x) + static_cast<long long>(position) * row_bytes);
    }

    DEVICE void copy() const {
      const Element* x = opaque(static_cast<const Element*>(source.x) + first_element);
      int row_bytes = opaque(source.channels * static_cast<int>(sizeof(Element))), count = loader.box.count(),
          first = opaque(loader.thread) / Planes;
      BoxWalk walk(first, loader.step, from, loader.box);
      for (int i = first; i < count; i += kPositions) {
        int position = i < existing ? input_position(walk.at, source.extent, source.symmetric) : -1;
        walk.advance(loader.box);
        copy_async_16_or_zeros(target + i * 16, at(x, position, row_bytes), position >= 0);
      }
    }
  };
};

// How the producers of the wgmma kernels fill shared memory with planes of eight channels: with loads through the input
// transform, or with bulk copies from an operand, in which all of that was done.
#pragma once
#include "convolution/plane_loader.cuh"

/// A tensor whose channels are a multiple of 8, as producers find it.
struct PlaneSource {
  const void* x;
  Size3 extent;
  int channels, symmetric, bfloat16;
  const InputTransform& transform;
  const OperandLayout& operand;  // where x is one
};

/// `Threads` threads fill planes over boxes of positions, with `InFlight` loads under way in each.
template <int Threads, int Planes, int Parts, int InFlight>
struct LoadingProducer {
  using Loader = PlaneLoader<Threads, Planes, Parts, InFlight>;
  static constexpr int kArrivals = Threads;

  Loader loader;

  DEVICE LoadingProducer(int thread, const Size3& box) : loader(thread, box) {}

  /// Loads eight channels per plane from `first_channel` on, at the positions of the box that begins at input coordinate `from`;
  /// zeros for channels that do not exist. `plane_bytes`: between the starts of two planes. Every thread arrives at `full`.
  DEVICE void load(
      const PlaneSource& source, int sample, int first_channel, const Size3& from, int plane_bytes, char* target,
      uint64_t* full) const {
    PositionSource positions{source.x, source.extent, source.channels, source.symmetric};
    if (Parts == 1 && source.bfloat16) {
      loader.template load<BFloat16>(positions, sample, first_channel, source.transform, from, plane_bytes, target);
      copy_async_commit();
      copy_async_wait<0>();
    } else {
      loader.template load<float>(positions, sample, first_channel, source.transform, from, plane_bytes, target);
    }
    fence_async_proxy();
    barrier_arrive(full);
  }
};

/// Whole warps, whose threads send for a row of the box in one plane at a time.
template <int Threads, int Planes>
struct CopyingProducer {
  static constexpr int kArrivals = Threads / 32;

  Size3 box;         // of positions
  Size3 rows, step;  // planes, and rows of the box in each; from a thread's row to its next
  int thread;

  DEVICE CopyingProducer(int thread, const Size3& box)
      : box(box), rows{Planes, box.depth, box.height}, step(unflatten(Threads, rows)), thread(thread) {}

  /// The same from an operand. Every warp arrives at `full`, and so do the bytes.
  DEVICE void load(
      const PlaneSource& source, int sample, int first_channel, const Size3& from, int plane_bytes, char* target,
      uint64_t* full) const {
    const Size3& extent = source.operand.extent;
    Size3 first = from - source.operand.from;
    int existing = existing_planes(source.channels - first_channel), row_bytes = box.width * 16, pitch = extent.width * 16;
    long long source_plane_bytes = static_cast<long long>(extent.count()) * 16,
              first_plane = static_cast<long long>(sample) * (source.channels / 8) + first_channel / 8;
    const char* x = static_cast<const char*>(source.x) + first_plane * source_plane_bytes +
                    static_cast<long long>(first.depth * extent.height + first.height) * pitch + first.width * 16;
    BoxWalk walk(thread, step, {0, 0, 0}, rows);
    for (int i = thread; i < rows.count(); i += Threads, walk.advance(rows)) {
      int plane = walk.at.depth, depth = walk.at.height, height = walk.at.width;
      char* row = target + plane * plane_bytes + (depth * box.height + height) * row_bytes;
      const char* source_row = x + plane * source_plane_bytes + static_cast<long long>(depth * extent.height + height) * pitch;
      if (plane < existing) copy_bulk(row, source_row, row_bytes, full);
      else clear(row, row_bytes);
    }
    fence_async_proxy();
    __syncwarp();  // zeros come before the arrivals, which end the phase; bytes may come before or after them
    if (thread % 32 == 0) barrier_arrive_expecting(full, thread == 0 ? existing * box.count() * 16 : 0);
  }

 private:
  DEVICE static int existing_planes(int channels) { return channels <= 0 ? 0 : channels / 8 < Planes ? channels / 8 : Planes; }

  DEVICE static void clear(char* row, int bytes) {
#pragma unroll 1
    for (int i = 0; i < bytes; i += 16) *reinterpret_cast<uint4*>(row + i) = make_uint4(0, 0, 0, 0);
  }
};

// How a block walks over (samples, positions, channels), channels last: a thread keeps its channels and goes from position to
// position, so that what belongs to a channel is read once and no element's place takes a division.
#pragma once
#include "common/dropout_mask.cuh"
#include "common/vector_access.cuh"

/// The grid is (chunks of positions, tiles of lanes * width channels, samples), the block 256 threads.
struct ChannelSweep {
  int positions, channels;  // of a sample
  int chunk;                // positions of a block
  int lanes;                // threads side by side along the channels: a power of two up to 32
};

/// A thread's part of a sweep: `Width` neighbouring channels, 1, or 8 where their number is a multiple of 8 and tensors lie on 16
/// bytes. Offsets are those of elements from `first` on, so that 32 bits hold them whatever the size of the tensor.
template <int Width>
struct ChannelWalk {
  int lane, channel, sample, from, count;
  bool inside;  // whether there is such a channel
  long long first;
  int begin, end, step;

  DEVICE explicit ChannelWalk(const ChannelSweep& sweep) {
    int rows = 256 / sweep.lanes, row = threadIdx.x / sweep.lanes;
    lane = threadIdx.x % sweep.lanes;
    channel = (blockIdx.y * sweep.lanes + lane) * Width;
    sample = blockIdx.z;
    inside = channel < sweep.channels;
    from = blockIdx.x * sweep.chunk;
    count = from + sweep.chunk < sweep.positions ? sweep.chunk : sweep.positions - from;
    first = first_of(sweep, sweep.channels) + channel;
    begin = row * sweep.channels;
    end = inside ? count * sweep.channels : begin;
    step = rows * sweep.channels;
  }

  /// The block's first position in a tensor of that many channels.
  DEVICE long long first_of(const ChannelSweep& sweep, int channels) const {
    return (static_cast<long long>(sample) * sweep.positions + from) * channels;
  }

  /// The offset of the j-th of the positions of a round that begins at one; the first again where there is no such position.
  DEVICE int place(int at, int j) const { return at + j * step < end ? at + j * step : at; }

  /// Bit i tells whether the mask keeps element i of those at an offset.
  DEVICE uint32_t kept(const DropoutMask& mask, int offset) const {
    if constexpr (Width == 8) return mask.kept_eight(first / 8 + static_cast<uint32_t>(offset) / 8);
    return mask.kept(first + offset, Width);
  }
};

/// How many positions a thread takes in a round: loads of less than 32 bytes go out by twos, so that enough is under way to hide
/// the way to memory.
template <int Width, class T>
DEVICE constexpr int positions_together() {
  return Width == 8 && sizeof(T) == 2 ? 2 : 1;
}

// Where a block's tile lies in the image, and which input its threads read.
#pragma once
#include "convolution/parameters.cuh"

DEVICE Size3 unflatten(int index, const Size3& size) {
  int row = index / size.width, depth = row / size.height;
  return {depth, row - depth * size.height, index - row * size.width};
}

DEVICE int clamp_mirrored(int i, int extent) { return i < 0 ? -1 - i : i >= extent ? 2 * extent - 1 - i : i; }

/// The position in a sample of that input coordinate, or -1 where padding is zero.
DEVICE int input_position(Size3 at, const Size3& input, int symmetric) {
  if (symmetric) {
    at = {clamp_mirrored(at.depth, input.depth), clamp_mirrored(at.height, input.height), clamp_mirrored(at.width, input.width)};
  }
  auto within = [](int i, int extent) { return static_cast<uint32_t>(i) < static_cast<uint32_t>(extent); };
  bool inside = within(at.depth, input.depth) && within(at.height, input.height) && within(at.width, input.width);
  return inside ? (at.depth * input.height + at.height) * input.width + at.width : -1;
}

/// Walks over the coordinates of a box that begins at `from`, in row-major order: from element `first` on, and so many elements
/// at a time as make `step`.
struct BoxWalk {
  Size3 at, step, end;

  DEVICE BoxWalk(int first, const Size3& step, const Size3& from, const Size3& box)
      : at(from + unflatten(first, box)), step(step), end(from + box) {}

  DEVICE void advance(const Size3& box) {
    at = at + step;
    if (at.width >= end.width) at.width -= box.width, at.height++;
    if (at.height >= end.height) at.height -= box.height, at.depth++;
  }
};

struct GatherTile {
  Size3 first;      // of the grid
  Size3 halo_from;  // input coordinate of the first halo element
  int sample, index;

  DEVICE GatherTile(const GatherParameters& p, int index, int sample) : sample(sample), index(index) {
    Size3 tile = unflatten(index, p.tiles);
    first = {tile.depth * p.tile.depth, tile.height * p.tile.height, tile.width * p.tile.width};
    halo_from = {
        edge(first.depth, p.input_step.depth, p.tap_base.depth, p.tap_step.depth, p.taps.depth),
        edge(first.height, p.input_step.height, p.tap_base.height, p.tap_step.height, p.taps.height),
        edge(first.width, p.input_step.width, p.tap_base.width, p.tap_step.width, p.taps.width)};
  }

  /// Halo element of the tile's position with these coordinates, to which each tap adds its offset (TapOffsets); position 0's for
  /// those beyond the tile.
  DEVICE static int halo_index(const GatherParameters& p, const Size3& at) {
    if (at.depth >= p.tile.depth) return 0;
    return (at.depth * p.input_step.depth * p.halo.height + at.height * p.input_step.height) * p.halo.width +
           at.width * p.input_step.width;
  }

  /// Number of the sample's first element in y.
  DEVICE long long first_output(const GatherParameters& p) const {
    return static_cast<long long>(sample) * p.output.count() * p.outputs;
  }

  /// Element of the sample's y, with channel 0, that the tile's position with these coordinates is; -1 outside the grid.
  DEVICE int output_element(const GatherParameters& p, const Size3& in_tile) const {
    Size3 at = first + in_tile;
    if (in_tile.depth >= p.tile.depth || at.depth >= p.count.depth || at.height >= p.count.height || at.width >= p.count.width)
      return -1;
    int depth = p.start.depth + at.depth * p.output_step.depth, height = p.start.height + at.height * p.output_step.height,
        width = p.start.width + at.width * p.output_step.width;
    return ((depth * p.output.height + height) * p.output.width + width) * p.outputs;
  }

 private:
  DEVICE static int edge(int first, int input_step, int base, int step, int taps) {
    return first * input_step + base + (step < 0 ? step * (taps - 1) : 0);
  }
};

/// How far from the halo's first element each tap reads, in shared memory: the divisions are made once per block, not for every
/// tap and chunk of channels.
struct TapOffsets {
  DEVICE static int bytes(const GatherParameters& p) { return (p.taps.count() * 4 + 15) / 16 * 16; }

  /// Written by `threads` threads of the block; they are there for others after the next barrier.
  DEVICE static void store(const GatherParameters& p, int* offsets, int threads) {
    for (int t = threadIdx.x; t < p.taps.count(); t += threads) {
      Size3 tap = unflatten(t, p.taps);
      int depth = from_edge(tap.depth, p.tap_step.depth, p.taps.depth),
          height = from_edge(tap.height, p.tap_step.height, p.taps.height);
      offsets[t] = (depth * p.halo.height + height) * p.halo.width + from_edge(tap.width, p.tap_step.width, p.taps.width);
    }
  }

 private:
  DEVICE static int from_edge(int tap, int step, int taps) { return step < 0 ? (tap - (taps - 1)) * step : tap * step; }
};

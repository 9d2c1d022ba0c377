// Which tap, channels and positions a block of the simt weight gradient sums over, and how its threads walk over positions.
#pragma once
#include "convolution/tile.cuh"

/// Coordinates `step` further in row-major order, where both lie inside of the box; the depth goes on beyond its end.
DEVICE void advance(Size3& at, const Size3& step, const Size3& box) {
  at.width += step.width;
  if (at.width >= box.width) at.width -= box.width, at.height++;
  at.height += step.height;
  if (at.height >= box.height) at.height -= box.height, at.depth++;
  at.depth += step.depth;
}

template <int Tile>
struct WeightGradientTile {
  int first_channel, first_output;
  int from, to;  // output positions, counted over all samples
  Size3 shift;   // of the tap, from the output position times its stride
  float* partial;

  DEVICE explicit WeightGradientTile(const WeightGradientParameters& p) {
    int tap = blockIdx.y, positions = p.samples * p.output.count();
    Size3 t = unflatten(tap, p.kernel);
    first_channel = static_cast<int>(blockIdx.x) % p.channel_tiles * Tile;
    first_output = static_cast<int>(blockIdx.x) / p.channel_tiles * Tile;
    from = blockIdx.z * p.positions_per_split;
    to = from + p.positions_per_split < positions ? from + p.positions_per_split : positions;
    shift = {
        t.depth * p.dilation.depth - p.pad.depth, t.height * p.dilation.height - p.pad.height,
        t.width * p.dilation.width - p.pad.width};
    partial = p.partial + (static_cast<long long>(blockIdx.z) * p.kernel.count() + tap) * p.channels * p.outputs;
  }

  DEVICE void store(const WeightGradientParameters& p, int channel, int output, float value) const {
    if (first_channel + channel < p.channels && first_output + output < p.outputs)
      partial[static_cast<long long>(first_channel + channel) * p.outputs + first_output + output] = value;
  }
};

/// Output positions over all samples, several at a time.
struct PositionWalk {
  int position, sample, step_samples;
  Size3 at, step;

  DEVICE PositionWalk(int position, int together, const Size3& output)
      : position(position),
        sample(position / output.count()),
        step_samples(together / output.count()),
        at(unflatten(position % output.count(), output)),
        step(unflatten(together % output.count(), output)) {}

  DEVICE void advance(int together, const Size3& output) {
    ::advance(at, step, output);
    sample += step_samples;
    if (at.depth >= output.depth) at.depth -= output.depth, sample++;
    position += together;
  }

  /// `Count` channels of x under the tile's tap; zeros beyond the range and the border.
  template <int Tile, int Count>
  DEVICE void load_input(
      const WeightGradientParameters& p, const WeightGradientTile<Tile>& tile, int channel, float (&values)[Count]) const {
    int source = input_position(
        Size3{at.depth * p.stride.depth, at.height * p.stride.height, at.width * p.stride.width} + tile.shift, p.input,
        p.symmetric);
    if (position >= tile.to) source = -1;
#pragma unroll
    for (int i = 0; i < Count; i++) values[i] = 0.0f;
    if (source >= 0)
      load_channels(
          values, static_cast<const float*>(p.x), static_cast<long long>(sample) * p.input.count() + source, sample,
          tile.first_channel + channel, p.channels, p.transform);
  }

  /// `Count` channels of the output gradient.
  template <int Tile, int Count>
  DEVICE void load_gradient(
      const WeightGradientParameters& p, const WeightGradientTile<Tile>& tile, int channel, float (&values)[Count]) const {
#pragma unroll
    for (int i = 0; i < Count; i++) values[i] = 0.0f;
    if (position < tile.to)
      load_channels(
          values, static_cast<const float*>(p.gy), position, 0, tile.first_output + channel, p.outputs, InputTransform::none());
  }
};

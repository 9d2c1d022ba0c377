// What the weight-gradient kernels share: which tap, channels and positions a block sums over.
#pragma once
#include "convolution/tile.cuh"

template <int ChannelTile, int OutputTile>
struct WeightGradientTile {
  int first_channel, first_output, tap;
  int from, to;  // output positions, counted over all samples
  float* partial;

  DEVICE explicit WeightGradientTile(const WeightGradientParameters& p) {
    first_channel = static_cast<int>(blockIdx.x) % p.channel_tiles * ChannelTile;
    first_output = static_cast<int>(blockIdx.x) / p.channel_tiles * OutputTile;
    tap = blockIdx.y;
    int positions = p.samples * p.output.count();
    from = blockIdx.z * p.positions_per_split;
    to = from + p.positions_per_split < positions ? from + p.positions_per_split : positions;
    partial = p.partial + (static_cast<long long>(blockIdx.z) * p.kernel.count() + tap) * p.channels * p.outputs;
  }

  /// `Count` channels of x under this tap at an output position; zeros beyond the range and the border.
  template <int Count>
  DEVICE void load_input(const WeightGradientParameters& p, int position, int channel, float (&values)[Count]) const {
#pragma unroll
    for (int i = 0; i < Count; i++) values[i] = 0.0f;
    if (position >= to) return;
    int sample = position / p.output.count();
    Size3 at = unflatten(position % p.output.count(), p.output), t = unflatten(tap, p.kernel);
    int source = input_position(
        {at.depth * p.stride.depth + t.depth * p.dilation.depth - p.pad.depth,
         at.height * p.stride.height + t.height * p.dilation.height - p.pad.height,
         at.width * p.stride.width + t.width * p.dilation.width - p.pad.width},
        p.input, p.symmetric);
    if (source >= 0)
      load_channels(
          values, p.x, static_cast<long long>(sample) * p.input.count() + source, sample, first_channel + channel, p.channels,
          p.transform);
  }

  /// `Count` channels of the output gradient.
  template <int Count>
  DEVICE void load_gradient(const WeightGradientParameters& p, int position, int channel, float (&values)[Count]) const {
#pragma unroll
    for (int i = 0; i < Count; i++) values[i] = 0.0f;
    if (position < to) load_channels(values, p.gy, position, 0, first_output + channel, p.outputs, InputTransform::none());
  }

  DEVICE void store(const WeightGradientParameters& p, int channel, int output, float value) const {
    if (first_channel + channel < p.channels && first_output + output < p.outputs)
      partial[static_cast<long long>(first_channel + channel) * p.outputs + first_output + output] = value;
  }
};

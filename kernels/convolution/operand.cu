// What the wgmma kernels read in bf16: the input after its transform, in planes of eight channels and with its border, written
// once for all taps, tiles of outputs and kernels that read it. They then copy boxes of it without looking at them.
#include "convolution/tile.cuh"

namespace {

/// A thread's share of a block's positions in one plane.
template <class Element>
struct WritePlane {
  const OperandParameters& p;
  const ChannelWalk<8>& walk;

  template <class Transform>
  DEVICE void operator()(const Transform& transform) const {
    int rows = 256 / p.sweep.lanes, row = threadIdx.x / p.sweep.lanes, channels = p.sweep.channels, count = walk.count;
    long long first = static_cast<long long>(walk.sample) * p.input.count() * channels + walk.channel,
              plane = static_cast<long long>(walk.sample) * (channels / 8) + walk.channel / 8;
    const Element* x = static_cast<const Element*>(p.x) + first;
    BFloat16* target = static_cast<BFloat16*>(p.operand) + (plane * p.sweep.positions + walk.from) * 8;
    BoxWalk box(walk.from + row, unflatten(rows, p.layout.extent), p.layout.from, p.layout.extent);
    for (int i = row; i < count; i += rows) {
      float values[8] = {};
      int position = input_position(box.at, p.input, p.symmetric);
      if (position >= 0) {
        load(values, x + position * channels);
        transform.apply(values, transform.kept_in_block(first / 8 + position * (channels / 8)));
      }
      store(target + i * 8, values);
      box.advance(p.layout.extent);
    }
  }
};

template <class Element>
DEVICE void write_planes(const OperandParameters& p) {
  ChannelWalk<8> walk(p.sweep);
  if (walk.inside)
    with_channel_transform<8>(p.transform, walk.sample, walk.channel, p.sweep.channels, WritePlane<Element>{p, walk});
}

}  // namespace

KERNEL(convolution_operand, 256, OperandParameters) {
  if (p.x_bfloat16) write_planes<BFloat16>(p);
  else write_planes<float>(p);
}

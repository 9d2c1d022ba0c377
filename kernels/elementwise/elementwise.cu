// One read per operand and one write: bound by memory. Grid-stride loops over single elements, where neighbouring threads touch
// neighbouring floats, and sweeps where channels matter.
#include "elementwise/parameters.cuh"

namespace {

template <class Function>
DEVICE void each_element(const ElementwiseParameters& p, Function function) {
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count; i += gridDim.x * 256ll) p.y[i] = function(i);
}

/// `Width` elements at a time, of whose number theirs is a multiple.
template <int Width, class Element>
DEVICE void add(const ElementwiseParameters& p) {
  auto *a = reinterpret_cast<const Element*>(p.a), *b = reinterpret_cast<const Element*>(p.b);
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count / Width; i += gridDim.x * 256ll) {
    float sums[Width], others[Width];
    load(sums, a + Width * i);
    load(others, b + Width * i);
#pragma unroll
    for (int j = 0; j < Width; j++) sums[j] += others[j];
    store(reinterpret_cast<Element*>(p.y) + Width * i, sums);
  }
}

}  // namespace

KERNEL(elementwise_fill, 256, ElementwiseParameters) {
  each_element(p, [&](long long) { return p.offset; });
}
KERNEL(elementwise_add, 256, ElementwiseParameters) { add<1, float>(p); }
KERNEL(elementwise_add_8, 256, ElementwiseParameters) { add<8, float>(p); }
KERNEL(elementwise_add_bf16_bf16_bf16, 256, ElementwiseParameters) { add<1, BFloat16>(p); }
KERNEL(elementwise_add_bf16_bf16_bf16_8, 256, ElementwiseParameters) { add<8, BFloat16>(p); }
KERNEL(elementwise_subtract, 256, ElementwiseParameters) {
  each_element(p, [&](long long i) { return p.a[i] - p.b[i]; });
}
KERNEL(elementwise_multiply, 256, ElementwiseParameters) {
  each_element(p, [&](long long i) { return p.a[i] * p.b[i]; });
}
KERNEL(elementwise_divide, 256, ElementwiseParameters) {
  each_element(p, [&](long long i) { return p.a[i] / p.b[i]; });
}
KERNEL(elementwise_affine, 256, ElementwiseParameters) {
  each_element(p, [&](long long i) { return p.scale * p.a[i] + p.offset; });
}
KERNEL(leaky_relu_forward, 256, ElementwiseParameters) {
  each_element(p, [&](long long i) { return p.a[i] < 0.0f ? p.scale * p.a[i] : p.a[i]; });
}
/// a = gy, b = x.
KERNEL(leaky_relu_backward, 256, ElementwiseParameters) {
  each_element(p, [&](long long i) { return p.b[i] < 0.0f ? p.scale * p.a[i] : p.a[i]; });
}

namespace {

template <int Width, class Branch>
DEVICE void add_residual(const ResidualParameters& p) {
  ChannelWalk<Width> walk(p.sweep);
  // All of a thread's channels have a shortcut or none.
  int channel = walk.channel - p.margin;
  bool shortcut = channel >= 0 && channel < p.shortcut_channels;
  auto* branch = static_cast<const Branch*>(p.branch) + walk.first;
  const float* added = p.shortcut + walk.first_of(p.sweep, p.shortcut_channels) + (shortcut ? channel : 0);
  float* y = p.y + walk.first;
  int position = threadIdx.x / p.sweep.lanes * p.shortcut_channels, rows = 256 / p.sweep.lanes * p.shortcut_channels;
  for (int at = walk.begin; at < walk.end; at += walk.step, position += rows) {
    float values[Width], others[Width];
    load(values, branch + at);
    uint32_t kept = walk.kept(p.dropout, at);
#pragma unroll
    for (int i = 0; i < Width; i++) values[i] = p.dropout.apply(kept, i, values[i]);
    if (shortcut) {
      load(others, added + position);
#pragma unroll
      for (int i = 0; i < Width; i++) values[i] += others[i];
    }
    store(y + at, values);
  }
}

template <int Width>
DEVICE void copy(const CopyChannelsParameters& p) {
  ChannelWalk<Width> walk(p.sweep);
  int rows = 256 / p.sweep.lanes, row = threadIdx.x / p.sweep.lanes;
  const float* x = p.x + walk.first_of(p.sweep, p.x_channels) + p.x_start + walk.channel;
  float* y = p.y + walk.first_of(p.sweep, p.y_channels) + p.y_start + walk.channel;
  for (int position = row; walk.inside && position < walk.count; position += rows) {
    float values[Width];
    load(values, x + position * p.x_channels);
    store(y + position * p.y_channels, values);
  }
}

}  // namespace

KERNEL(residual_add, 256, ResidualParameters) { add_residual<1, float>(p); }
KERNEL(residual_add_8, 256, ResidualParameters) { add_residual<8, float>(p); }
KERNEL(residual_add_f32_bf16_f32, 256, ResidualParameters) { add_residual<1, BFloat16>(p); }
KERNEL(residual_add_f32_bf16_f32_8, 256, ResidualParameters) { add_residual<8, BFloat16>(p); }
KERNEL(copy_channels, 256, CopyChannelsParameters) { copy<1>(p); }
KERNEL(copy_channels_8, 256, CopyChannelsParameters) { copy<8>(p); }

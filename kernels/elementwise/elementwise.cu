// One read per operand and one write: bound by memory. Grid-stride loops over single elements; neighbouring threads touch
// neighbouring floats.
#include "elementwise/parameters.cuh"

namespace {

template <class Function>
DEVICE void each_element(const ElementwiseParameters& p, Function function) {
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count; i += gridDim.x * 256ll) p.y[i] = function(i);
}

}  // namespace

KERNEL(elementwise_fill, 256, ElementwiseParameters) {
  each_element(p, [&](long long) { return p.offset; });
}
KERNEL(elementwise_add, 256, ElementwiseParameters) {
  each_element(p, [&](long long i) { return p.a[i] + p.b[i]; });
}
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
KERNEL(dropout, 256, ElementwiseParameters) {
  each_element(p, [&](long long i) { return p.dropout.apply(p.dropout.kept(i, 1), 0, p.a[i]); });
}

KERNEL(residual_add, 256, ResidualParameters) {
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count; i += gridDim.x * 256ll) {
    int channel = static_cast<int>(i % p.channels) - p.margin;
    float value = p.dropout.apply(p.dropout.kept(i, 1), 0, p.branch[i]);
    p.y[i] = channel >= 0 && channel < p.shortcut_channels ? value + p.shortcut[i / p.channels * p.shortcut_channels + channel]
                                                           : value;
  }
}

KERNEL(copy_channels, 256, CopyChannelsParameters) {
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count; i += gridDim.x * 256ll) {
    long long position = i / p.channels;
    int channel = static_cast<int>(i % p.channels);
    p.y[position * p.y_channels + p.y_start + channel] = p.x[position * p.x_channels + p.x_start + channel];
  }
}

// Functions of one tensor, element by element: one read and one write, bound by memory. Full-precision functions: their time
// hides behind the loads.
#include "elementwise/parameters.cuh"

namespace {

template <class Function>
DEVICE void each_element(const ElementwiseParameters& p, Function function) {
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count; i += gridDim.x * 256ll) p.y[i] = function(p.a[i]);
}

}  // namespace

KERNEL(elementwise_exponential, 256, ElementwiseParameters) {
  each_element(p, [](float x) { return expf(x); });
}
KERNEL(elementwise_logarithm, 256, ElementwiseParameters) {
  each_element(p, [](float x) { return logf(x); });
}
KERNEL(elementwise_square_root, 256, ElementwiseParameters) {
  each_element(p, [](float x) { return sqrtf(x); });
}
KERNEL(elementwise_absolute, 256, ElementwiseParameters) {
  each_element(p, [](float x) { return fabsf(x); });
}
KERNEL(elementwise_sign, 256, ElementwiseParameters) {
  each_element(p, [](float x) { return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : 0.0f; });
}
/// A NaN stays.
KERNEL(elementwise_relu, 256, ElementwiseParameters) {
  each_element(p, [](float x) { return x < 0.0f ? 0.0f : x; });
}
KERNEL(elementwise_sigmoid, 256, ElementwiseParameters) {
  each_element(p, [](float x) { return 1.0f / (1.0f + expf(-x)); });
}
KERNEL(elementwise_hyperbolic_tangent, 256, ElementwiseParameters) {
  each_element(p, [](float x) { return tanhf(x); });
}
KERNEL(elementwise_softplus, 256, ElementwiseParameters) {
  each_element(p, [](float x) { return (x < 0.0f ? 0.0f : x) + log1pf(expf(-fabsf(x))); });
}

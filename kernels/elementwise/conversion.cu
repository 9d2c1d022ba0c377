// Between float32 and the other floating types, and constants of the types without arithmetic. Bound by memory.
#include "common/bfloat16.cuh"
#include "elementwise/parameters.cuh"

namespace {

template <class From, class To, class Function>
DEVICE void convert_each(const ConvertParameters& p, Function function) {
  auto* x = static_cast<const From*>(p.x);
  auto* y = static_cast<To*>(p.y);
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count; i += gridDim.x * 256ll) y[i] = function(x[i]);
}

template <class T>
DEVICE void fill(const StorageFillParameters& p) {
  auto* y = static_cast<T*>(p.y);
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count; i += gridDim.x * 256ll) y[i] = static_cast<T>(p.bits);
}

}  // namespace

KERNEL(convert_float32_to_float64, 256, ConvertParameters) {
  convert_each<float, double>(p, [](float x) { return static_cast<double>(x); });
}
KERNEL(convert_float64_to_float32, 256, ConvertParameters) {
  convert_each<double, float>(p, [](double x) { return static_cast<float>(x); });
}
KERNEL(convert_float32_to_bfloat16, 256, ConvertParameters) {
  convert_each<float, uint16_t>(p, [](float x) { return static_cast<uint16_t>(pack_bfloat16(x, 0.0f)); });
}
KERNEL(convert_bfloat16_to_float32, 256, ConvertParameters) {
  convert_each<uint16_t, float>(p, [](uint16_t x) { return bfloat16_low(x); });
}

KERNEL(storage_fill_8, 256, StorageFillParameters) { fill<uint8_t>(p); }
KERNEL(storage_fill_16, 256, StorageFillParameters) { fill<uint16_t>(p); }
KERNEL(storage_fill_32, 256, StorageFillParameters) { fill<uint32_t>(p); }

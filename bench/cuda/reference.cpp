#include "reference.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "parallel.h"

const char* name_of(Precision precision) { return precision == Precision::Fp32 ? "fp32" : precision == Precision::Tf32 ? "tf32" : "bf16"; }
const char* name_of(Layout layout) { return layout == Layout::Nhwc ? "NHWC" : "NCHW"; }

Strides::Strides(int64_t a, int64_t b, const Extent& e, Layout layout) : extent{a, b, e[0], e[1], e[2]} {
  if (layout == Layout::Nhwc)
    stride = {volume(e) * b, 1, e[1] * e[2] * b, e[2] * b, b};
  else
    stride = {volume(e) * b, volume(e), e[1] * e[2], e[2], 1};
}

Tensors::Tensors(const Problem& p, Layout layout) : x(p.batch, p.inputs, p.input, layout), w(p.outputs, p.inputs, p.kernel, layout), y(p.batch, p.outputs, p.output(), layout) {}

static uint32_t mixed(uint32_t v) {
  v = (v ^ (v >> 16)) * 0x7feb352du;
  v = (v ^ (v >> 15)) * 0x846ca68bu;
  return v ^ (v >> 16);
}

static uint16_t bf16_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  if (std::isnan(value)) return uint16_t(bits >> 16 | 1);
  return uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

static float float_of(uint16_t value) {
  uint32_t bits = uint32_t(value) << 16;
  float result;
  std::memcpy(&result, &bits, 4);
  return result;
}

std::vector<float> random_values(int64_t count, uint32_t seed, Precision precision) {
  std::vector<float> values(static_cast<size_t>(count));
  parallel_for(count, [&](int64_t i) {
    float value = float(mixed(uint32_t(i) + seed * 0x9e3779b9u)) / 2147483648.0f - 1;
    values[size_t(i)] = precision == Precision::Bf16 ? float_of(bf16_of(value)) : value;
  });
  return values;
}

std::vector<uint16_t> to_bf16(const std::vector<float>& values) {
  std::vector<uint16_t> result(values.size());
  parallel_for(int64_t(values.size()), [&](int64_t i) { result[size_t(i)] = bf16_of(values[size_t(i)]); });
  return result;
}

std::vector<float> from_bf16(const std::vector<uint16_t>& values) {
  std::vector<float> result(values.size());
  parallel_for(int64_t(values.size()), [&](int64_t i) { result[size_t(i)] = float_of(values[size_t(i)]); });
  return result;
}

static int64_t at(const Strides& s, int64_t a, int64_t b, int64_t d, int64_t h, int64_t w) {
  return a * s.stride[0] + b * s.stride[1] + d * s.stride[2] + h * s.stride[3] + w * s.stride[4];
}

/// Calls f(output position, input position) for every pair that a tap joins.
template <typename F>
static void each_output(const Problem& p, const Extent& tap, F f) {
  Extent out = p.output(), o;
  auto source = [&](size_t a) { return o[a] * p.stride[a] + tap[a] * p.dilation[a] - p.pad_before[a]; };
  auto inside = [&](size_t a) { return source(a) >= 0 && source(a) < p.input[a]; };
  for (o[0] = 0; o[0] < out[0]; o[0]++)
    for (o[1] = 0; inside(0) && o[1] < out[1]; o[1]++)
      for (o[2] = 0; inside(1) && o[2] < out[2]; o[2]++)
        if (inside(2)) f(o, Extent{source(0), source(1), source(2)});
}

static double forward(const Problem& p, const Tensors& t, const float* x, const float* w, const std::array<int64_t, 5>& i) {
  double sum = 0;
  for (int64_t td = 0; td < p.kernel[0]; td++)
    for (int64_t th = 0; th < p.kernel[1]; th++)
      for (int64_t tw = 0; tw < p.kernel[2]; tw++) {
        int64_t d = i[2] * p.stride[0] + td * p.dilation[0] - p.pad_before[0], h = i[3] * p.stride[1] + th * p.dilation[1] - p.pad_before[1];
        int64_t v = i[4] * p.stride[2] + tw * p.dilation[2] - p.pad_before[2];
        if (d < 0 || h < 0 || v < 0 || d >= p.input[0] || h >= p.input[1] || v >= p.input[2]) continue;
        for (int64_t c = 0; c < p.inputs; c++) sum += double(x[at(t.x, i[0], c, d, h, v)]) * w[at(t.w, i[1], c, td, th, tw)];
      }
  return sum;
}

static double backward_data(const Problem& p, const Tensors& t, const float* w, const float* y, const std::array<int64_t, 5>& i) {
  Extent out = p.output();
  auto reached = [&](size_t a, int64_t tap, int64_t& o) {  // the output that reads position i through this tap
    int64_t distance = i[2 + a] + p.pad_before[a] - tap * p.dilation[a];
    o = distance / p.stride[a];
    return distance >= 0 && distance % p.stride[a] == 0 && o < out[a];
  };
  double sum = 0;
  int64_t d, h, v;
  for (int64_t td = 0; td < p.kernel[0]; td++)
    for (int64_t th = 0; reached(0, td, d) && th < p.kernel[1]; th++)
      for (int64_t tw = 0; reached(1, th, h) && tw < p.kernel[2]; tw++)
        for (int64_t k = 0; reached(2, tw, v) && k < p.outputs; k++) sum += double(w[at(t.w, k, i[1], td, th, tw)]) * y[at(t.y, i[0], k, d, h, v)];
  return sum;
}

static double backward_weights(const Problem& p, const Tensors& t, const float* x, const float* y, const std::array<int64_t, 5>& i) {
  double sum = 0;
  for (int64_t n = 0; n < p.batch; n++)
    each_output(p, {i[2], i[3], i[4]}, [&](const Extent& o, const Extent& s) { sum += double(x[at(t.x, n, i[1], s[0], s[1], s[2])]) * y[at(t.y, n, i[0], o[0], o[1], o[2])]; });
  return sum;
}

Samples Samples::of(const Problem& p, Pass pass, const Tensors& tensors, const std::vector<float>& a, const std::vector<float>& b) {
  constexpr double PRODUCTS = 5e7;  // less than a second
  const Strides& result = tensors.result(pass);
  int64_t count = 1;
  for (int64_t extent : result.extent) count *= extent;
  double per_element = p.flops() / 2 / double(count);
  int64_t samples = std::min<int64_t>(count, std::clamp<int64_t>(int64_t(PRODUCTS / per_element), 64, 4096));

  Samples s{std::vector<int64_t>(size_t(samples)), std::vector<double>(size_t(samples))};
  parallel_for(samples, [&](int64_t n) {
    int64_t first = count * n / samples, last = count * (n + 1) / samples;
    int64_t rest = first + int64_t(mixed(uint32_t(n) ^ 0x5bd1e995u)) % (last - first);
    std::array<int64_t, 5> i;
    for (size_t axis = 5; axis-- > 0; rest /= result.extent[axis]) i[axis] = rest % result.extent[axis];
    s.places[size_t(n)] = at(result, i[0], i[1], i[2], i[3], i[4]);
    s.values[size_t(n)] = pass == Pass::Forward ? forward(p, tensors, a.data(), b.data(), i)
                          : pass == Pass::BackwardData ? backward_data(p, tensors, a.data(), b.data(), i)
                                                       : backward_weights(p, tensors, a.data(), b.data(), i);
  });
  return s;
}

Verdict judge(const Samples& expected, const std::vector<float>& result, Precision precision) {
  // Rounding of operands (TF32: 11 bits) or of the result (bf16: 8 bits), with room for Winograd's.
  const double tolerance = precision == Precision::Fp32 ? 1e-4 : precision == Precision::Tf32 ? 2e-3 : 1e-2, largest_tolerated = 20 * tolerance;
  double difference = 0, norm = 0, largest = 0;
  for (size_t i = 0; i < expected.places.size(); i++) {
    double e = result[size_t(expected.places[i])] - expected.values[i];
    difference += e * e;
    norm += expected.values[i] * expected.values[i];
    largest = std::max(largest, std::fabs(e));
  }
  double relative = std::sqrt(difference / norm), rms = std::sqrt(norm / double(expected.places.size()));
  auto unwritten = std::count_if(result.begin(), result.end(), [](float v) { return std::isnan(v); });
  if (unwritten > 0) return {relative, std::to_string(unwritten) + " elements of the result are NaN or were not written"};
  char text[128] = "";
  if (!(relative <= tolerance) || !(largest <= largest_tolerated * rms))
    std::snprintf(text, sizeof text, "relative error %.1e, largest %.1e of the result's scale; %.0e is allowed", relative, largest / rms, tolerance);
  return {relative, text};
}

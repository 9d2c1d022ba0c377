// Convolutions by their definition, in float64.
#pragma once
#include "convolution/parameters.cuh"
#include "reference.h"

namespace test {

struct Problem {
  int samples, channels, outputs;
  Size3 input, kernel, stride, dilation, pad_before, pad_after;
  bool symmetric;

  int reach(int a) const { return axis(dilation, a) * (axis(kernel, a) - 1) + 1; }
  static int axis(const Size3& s, int a) { return a == 0 ? s.depth : a == 1 ? s.height : s.width; }
  Size3 output() const {
    int o[3];
    for (int a = 0; a < 3; a++)
      o[a] = (axis(input, a) + axis(pad_before, a) + axis(pad_after, a) - reach(a)) / axis(stride, a) + 1;
    return {o[0], o[1], o[2]};
  }
  std::size_t input_count() const { return static_cast<std::size_t>(samples) * input.count() * channels; }
  std::size_t output_count() const { return static_cast<std::size_t>(samples) * output().count() * outputs; }
  std::size_t weight_count() const { return static_cast<std::size_t>(kernel.count()) * channels * outputs; }
  std::string name() const {
    auto s = [](Size3 v) { return std::to_string(v.depth) + "x" + std::to_string(v.height) + "x" + std::to_string(v.width); };
    return "n" + std::to_string(samples) + " c" + std::to_string(channels) + " k" + std::to_string(outputs) + " in" + s(input) +
           " kernel" + s(kernel) + " stride" + s(stride) + " dilation" + s(dilation) + " pad" + s(pad_before) + "/" +
           s(pad_after) + (symmetric ? " symmetric" : "");
  }

  /// Calls visit(input element, weight element, output element) for every product; elements are of channel 0.
  template <class Visit>
  void each_tap(Visit visit) const {
    Size3 out = output();
    for (int n = 0; n < samples; n++)
      for (int d = 0; d < out.depth; d++)
        for (int h = 0; h < out.height; h++)
          for (int w = 0; w < out.width; w++)
            for (int t = 0; t < kernel.count(); t++) {
              int kd = t / (kernel.height * kernel.width), kh = t / kernel.width % kernel.height, kw = t % kernel.width;
              int at[3] = {
                  d * stride.depth + kd * dilation.depth - pad_before.depth,
                  h * stride.height + kh * dilation.height - pad_before.height,
                  w * stride.width + kw * dilation.width - pad_before.width};
              bool inside = true;
              for (int a = 0; a < 3; a++) {
                int extent = axis(input, a);
                if (symmetric) at[a] = at[a] < 0 ? -1 - at[a] : at[a] >= extent ? 2 * extent - 1 - at[a] : at[a];
                inside &= at[a] >= 0 && at[a] < extent;
              }
              if (!inside) continue;
              std::size_t x = ((static_cast<std::size_t>(n) * input.depth + at[0]) * input.height + at[1]) * input.width + at[2];
              std::size_t y = ((static_cast<std::size_t>(n) * out.depth + d) * out.height + h) * out.width + w;
              visit(x * channels, static_cast<std::size_t>(t) * channels * outputs, y * outputs);
            }
  }
};

inline std::vector<double> reference_forward(
    const Problem& p, const std::vector<double>& x, const std::vector<double>& w, const std::vector<double>& bias = {}) {
  std::vector<double> y(p.output_count());
  for (std::size_t i = 0; i < y.size() && !bias.empty(); i++) y[i] = bias[i % p.outputs];
  p.each_tap([&](std::size_t xi, std::size_t wi, std::size_t yi) {
    for (int c = 0; c < p.channels; c++)
      for (int k = 0; k < p.outputs; k++) y[yi + k] += x[xi + c] * w[wi + static_cast<std::size_t>(c) * p.outputs + k];
  });
  return y;
}

inline std::vector<double> reference_backward_data(
    const Problem& p, const std::vector<double>& gy, const std::vector<double>& w) {
  std::vector<double> gx(p.input_count());
  p.each_tap([&](std::size_t xi, std::size_t wi, std::size_t yi) {
    for (int c = 0; c < p.channels; c++)
      for (int k = 0; k < p.outputs; k++) gx[xi + c] += gy[yi + k] * w[wi + static_cast<std::size_t>(c) * p.outputs + k];
  });
  return gx;
}

inline std::vector<double> reference_backward_weights(
    const Problem& p, const std::vector<double>& x, const std::vector<double>& gy) {
  std::vector<double> gw(p.weight_count());
  p.each_tap([&](std::size_t xi, std::size_t wi, std::size_t yi) {
    for (int c = 0; c < p.channels; c++)
      for (int k = 0; k < p.outputs; k++) gw[wi + static_cast<std::size_t>(c) * p.outputs + k] += x[xi + c] * gy[yi + k];
  });
  return gw;
}

}  // namespace test

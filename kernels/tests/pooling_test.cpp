// Pooling over clipped windows and the pixel shuffle against their definitions.
#include "pooling/parameters.cuh"

#include "harness.h"
#include "pixel_shuffle/parameters.cuh"

using namespace test;

namespace {

struct Axis {
  int input, window, stride, output, pad;
};

Axis same(int input, int window, int stride) {
  int output = (input + stride - 1) / stride;
  return {input, window, stride, output, std::max((output - 1) * stride + window - input, 0) / 2};
}

void check_pooling(const Axis (&a)[3], int samples, int channels, Numbers& numbers) {
  auto size = [&](int Axis::*field) { return PoolingSize{a[0].*field, a[1].*field, a[2].*field}; };
  std::size_t inputs = static_cast<std::size_t>(samples) * a[0].input * a[1].input * a[2].input * channels,
              outputs = static_cast<std::size_t>(samples) * a[0].output * a[1].output * a[2].output * channels;
  Buffer<float> x(inputs, [&](std::size_t) { return numbers.small_integer(); }), y(outputs), average(outputs),
      gy(outputs, [&](std::size_t) { return numbers.small_integer(); }), gx(inputs), gaverage(inputs);
  Buffer<std::uint8_t> choice(outputs);
  auto run = [&](std::string kernel, Buffer<float>& source, Buffer<float>& target, bool chooses) {
    int width = kernel.back() == '8' ? 8 : 1, groups = channels / width, lanes = lanes_of(groups);
    PoolingSize of = size(kernel.find("forward") == std::string::npos ? &Axis::input : &Axis::output);
    launch(
        kernel.c_str(), samples * of.depth * of.height, (groups + lanes - 1) / lanes, 1, 256, 0,
        PoolingParameters{
            source.data(), target.data(), chooses ? choice.data() : nullptr, channels, size(&Axis::input), size(&Axis::output),
            size(&Axis::window), size(&Axis::stride), size(&Axis::pad), lanes,
            a[2].stride == 1 ? 0u : static_cast<std::uint32_t>(((1ull << 32) + a[2].stride - 1) / a[2].stride)});
  };
  std::string suffix = channels % 8 == 0 ? "_8" : "";
  run("max_pool_forward" + suffix, x, y, true);
  run("max_pool_backward" + suffix, gy, gx, true);
  run("average_pool_forward", x, average, false);
  run("average_pool_backward", gy, gaverage, false);

  std::vector<double> ey(outputs), echoice(outputs), eaverage(outputs), egx(inputs), egaverage(inputs);
  for (std::size_t o = 0; o < outputs; o++) {
    std::size_t rest = o / channels;
    int at[3], c = static_cast<int>(o % channels);
    for (int i = 2; i >= 0; i--) at[i] = static_cast<int>(rest % a[i].output), rest /= a[i].output;
    std::vector<std::pair<std::size_t, int>> window;
    int tap = 0;
    for (int d = 0; d < a[0].window; d++)
      for (int h = 0; h < a[1].window; h++)
        for (int w = 0; w < a[2].window; w++, tap++) {
          int id = at[0] * a[0].stride - a[0].pad + d, ih = at[1] * a[1].stride - a[1].pad + h,
              iw = at[2] * a[2].stride - a[2].pad + w;
          if (id < 0 || ih < 0 || iw < 0 || id >= a[0].input || ih >= a[1].input || iw >= a[2].input) continue;
          window.push_back({(((rest * a[0].input + id) * a[1].input + ih) * a[2].input + iw) * channels + c, tap});
        }
    std::size_t best = window[0].first;
    echoice[o] = window[0].second;
    for (auto [element, t] : window) {
      eaverage[o] += x[element] / window.size();
      egaverage[element] += gy[o] / static_cast<double>(window.size());
      if (x[element] > x[best]) best = element, echoice[o] = t;
    }
    ey[o] = x[best];
    egx[best] += gy[o];
  }
  std::vector<double> unit(std::max(inputs, outputs), 8.0);
  expect_close("max pool", y, ey, 0);
  expect_close("max pool choice", choice, echoice, 0);
  expect_close("max pool gradient", gx, egx, 0);
  expect_close("average pool", average, eaverage, 1e-6, &unit);
  expect_close("average pool gradient", gaverage, egaverage, 1e-6, &unit);
}

void check_shuffle(int images, int height, int width, int channels, int factor, bool transposed, Numbers& numbers) {
  std::size_t count = static_cast<std::size_t>(images) * height * width * channels * factor * factor;
  Buffer<float> x(count, [&](std::size_t) { return numbers.uniform(); }), y(count), back(count);
  int lanes = channels < 3 ? 1 : channels < 9 ? 4 : 8;
  PixelShuffleParameters p{x.data(), y.data(), width, channels, factor, transposed, lanes};
  launch("pixel_shuffle", images * height, factor, 1, 256, 0, p);
  p.source = y.data();
  p.target = back.data();
  launch("pixel_unshuffle", images * height, factor, 1, 256, 0, p);
  std::vector<double> expected(count), same(count);
  for (int n = 0; n < images; n++)
    for (int h = 0; h < height; h++)
      for (int w = 0; w < width; w++)
        for (int c = 0; c < channels; c++)
          for (int i = 0; i < factor; i++)
            for (int j = 0; j < factor; j++) {
              std::size_t packed =
                  ((((static_cast<std::size_t>(n) * height + h) * width + w) * channels + c) * factor + (transposed ? j : i)) *
                      factor +
                  (transposed ? i : j);
              std::size_t spread =
                  ((static_cast<std::size_t>(n) * height * factor + h * factor + i) * width * factor + w * factor + j) *
                      channels +
                  c;
              expected[spread] = x[packed];
              same[packed] = x[packed];
            }
  expect_close("pixel shuffle", y, expected, 0);
  expect_close("pixel unshuffle", back, same, 0);
}

}  // namespace

int main() {
  Numbers numbers(9);
  for (int round = 0; round < 40; round++) {
    emulation_configure(0, round);
    Axis a[3];
    for (int i = 0; i < 3; i++) {
      int window = numbers.range(1, 3);
      a[i] = same(numbers.range(1, i == 0 ? 4 : 9), window, numbers.range(1, window));
    }
    check_pooling(a, numbers.range(1, 2), round % 3 == 0 ? 8 * numbers.range(1, 5) : numbers.range(1, 40), numbers);
    check_shuffle(
        numbers.range(1, 3), numbers.range(1, 5), numbers.range(1, 40), numbers.range(1, 11), numbers.range(1, 8), round % 2,
        numbers);
  }
  return report();
}

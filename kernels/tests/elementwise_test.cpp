// Elementwise kernels and Adam against their formulas.
#include <deque>

#include "elementwise/parameters.cuh"

#include "optimizer/parameters.cuh"
#include "reference.h"

using namespace test;

namespace {

void check_elementwise(std::size_t count, Numbers& numbers) {
  Buffer<float> a(count, [&](std::size_t) { return numbers.uniform(); }),
      b(count, [&](std::size_t) { return numbers.uniform() + 3; });
  struct Entry {
    const char* kernel;
    double (*formula)(double a, double b);
  };
  // Scale -0.25, offset 2; b of the leaky ReLU's gradient is x.
  const Entry entries[] = {
      {"elementwise_fill", [](double, double) { return 2.0; }},
      {"elementwise_add", [](double a, double b) { return a + b; }},
      {"elementwise_subtract", [](double a, double b) { return a - b; }},
      {"elementwise_multiply", [](double a, double b) { return a * b; }},
      {"elementwise_divide", [](double a, double b) { return a / b; }},
      {"elementwise_affine", [](double a, double) { return -0.25 * a + 2; }},
      {"leaky_relu_forward", [](double a, double) { return a < 0 ? -0.25 * a : a; }},
      {"leaky_relu_backward", [](double a, double b) { return b - 3 < 0 ? -0.25 * a : a; }},
  };
  for (const Entry& entry : entries) {
    bool backward = std::string(entry.kernel) == "leaky_relu_backward";
    Buffer<float> x(count, [&](std::size_t i) { return backward ? b[i] - 3 : b[i]; }), y(count);
    launch(
        entry.kernel, 2, 1, 1, 256, 0,
        ElementwiseParameters{a.data(), x.data(), y.data(), static_cast<long long>(count), -0.25f, 2, no_dropout()});
    std::vector<double> expected(count), size(count, 4.0);
    for (std::size_t i = 0; i < count; i++) expected[i] = entry.formula(a[i], backward ? static_cast<double>(x[i]) + 3 : b[i]);
    expect_close(entry.kernel, y, expected, 1e-7, &size);
  }
  Buffer<float> y(count);
  launch(
      "dropout", 2, 1, 1, 256, 0,
      ElementwiseParameters{a.data(), nullptr, y.data(), static_cast<long long>(count), 1, 0, some_dropout()});
  std::vector<double> expected(count);
  for (std::size_t i = 0; i < count; i++) expected[i] = dropped(some_dropout(), i, a[i]);
  expect_close("dropout", y, expected, 0);

  // Replayed: the stream is what the launch was made with, and an offset.
  const std::uint64_t offset = 0x1FFFFFFFFull, earlier = kStream - offset;
  DropoutMask replayed = some_dropout();
  replayed.stream0 = static_cast<std::uint32_t>(earlier), replayed.stream1 = static_cast<std::uint32_t>(earlier >> 32),
  replayed.stream_offset = &offset;
  launch(
      "dropout", 2, 1, 1, 256, 0,
      ElementwiseParameters{a.data(), nullptr, y.data(), static_cast<long long>(count), 1, 0, replayed});
  expect_close("replayed dropout", y, expected, 0);
}

void check_channels(int positions, int channels, int narrow, Numbers& numbers) {
  std::size_t count = static_cast<std::size_t>(positions) * channels;
  int margin = (channels - narrow) / 2;
  Buffer<float> shortcut(static_cast<std::size_t>(positions) * narrow, [&](std::size_t) { return numbers.uniform(); }),
      branch(count, [&](std::size_t) { return numbers.uniform(); }), y(count);
  launch(
      "residual_add", 2, 1, 1, 256, 0,
      ResidualParameters{
          shortcut.data(), branch.data(), y.data(), static_cast<long long>(count), some_dropout(), channels, narrow, margin});
  std::vector<double> expected(count), size(count, 2.0), copied(count, 5);
  for (std::size_t i = 0; i < count; i++) {
    int c = static_cast<int>(i % channels) - margin;
    expected[i] = dropped(some_dropout(), i, branch[i]) + (c >= 0 && c < narrow ? shortcut[i / channels * narrow + c] : 0);
    if (c >= 0 && c < narrow) copied[i] = shortcut[i / channels * narrow + c];
  }
  expect_close("residual add", y, expected, 1e-7, &size);
  Buffer<float> target(count, [](std::size_t) { return 5; });
  launch(
      "copy_channels", 2, 1, 1, 256, 0,
      CopyChannelsParameters{
          shortcut.data(), target.data(), static_cast<long long>(shortcut.size()), narrow, narrow, 0, channels, margin});
  expect_close("copy channels", target, copied, 0);
}

void check_adam(Numbers& numbers, bool replayed) {
  const float rate = 1e-2f;
  const std::size_t counts[] = {1, 8195, 4096};
  const int first_blocks[] = {0, 1, 4};
  std::vector<std::vector<double>> expected;
  std::deque<Buffer<float>> buffers;  // a deque: they keep their places
  auto make = [&](std::size_t count, auto value) -> Buffer<float>& { return buffers.emplace_back(count, value); };
  std::vector<Buffer<float>*> tensors;
  AdamParameters p{};
  p.rate = replayed ? NAN : rate, p.replayed_rate = replayed ? &rate : nullptr, p.beta1 = 0.9f, p.take1 = 0.1f, p.beta2 = 0.999f,
  p.take2 = 0.001f, p.epsilon = 1e-8f;
  for (int t = 0; t < 3; t++) {
    double l2 = t == 1 ? 0 : 0.05;
    auto& w = make(counts[t], [&](std::size_t) { return numbers.uniform(); });
    auto& g = make(counts[t], [&](std::size_t) { return numbers.uniform(); });
    auto& m = make(counts[t], [&](std::size_t) { return numbers.uniform(); });
    auto& v = make(counts[t], [&](std::size_t) { return std::fabs(0.1 + numbers.uniform() * numbers.uniform()); });
    p.tensors[t] = {w.data(),       g.data(), m.data(), v.data(), static_cast<long long>(counts[t]), static_cast<float>(l2),
                    first_blocks[t]};
    std::vector<double> ew(counts[t]), em(counts[t]), ev(counts[t]);
    for (std::size_t i = 0; i < counts[t]; i++) {
      double gradient = g[i] + l2 * w[i];
      em[i] = 0.9 * m[i] + 0.1 * gradient;
      ev[i] = 0.999 * v[i] + 0.001 * gradient * gradient;
      ew[i] = w[i] - 1e-2 * em[i] / (std::sqrt(ev[i]) + 1e-8);
    }
    for (auto* tensor : {&w, &m, &v}) tensors.push_back(tensor);
    expected.insert(expected.end(), {ew, em, ev});
  }
  p.count = 3;
  launch("adam", 5, 1, 1, 256, 0, p);
  std::vector<double> size(9000, 2.0);
  for (std::size_t i = 0; i < tensors.size(); i++)
    expect_close("adam " + std::to_string(i), *tensors[i], expected[i], 3e-7, &size);
}

}  // namespace

int main() {
  Numbers numbers(11);
  for (std::size_t count : {1, 7, 255, 513, 4099}) check_elementwise(count, numbers);
  for (int channels : {1, 2, 5, 16, 33}) check_channels(41, channels, (channels + 1) / 2, numbers);
  check_adam(numbers, false);
  check_adam(numbers, true);
  return report();
}

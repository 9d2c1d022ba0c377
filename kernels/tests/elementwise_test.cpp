// Elementwise kernels, Adam and SGD against their formulas.
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
      {"elementwise_add_8", [](double a, double b) { return a + b; }},
      {"elementwise_subtract", [](double a, double b) { return a - b; }},
      {"elementwise_multiply", [](double a, double b) { return a * b; }},
      {"elementwise_divide", [](double a, double b) { return a / b; }},
      {"elementwise_affine", [](double a, double) { return -0.25 * a + 2; }},
      {"leaky_relu_forward", [](double a, double) { return a < 0 ? -0.25 * a : a; }},
      {"leaky_relu_backward", [](double a, double b) { return b - 3 < 0 ? -0.25 * a : a; }},
  };
  for (const Entry& entry : entries) {
    if (std::string(entry.kernel) == "elementwise_add_8" && count % 8 != 0) continue;
    bool backward = std::string(entry.kernel) == "leaky_relu_backward";
    Buffer<float> x(count, [&](std::size_t i) { return backward ? b[i] - 3 : b[i]; }), y(count);
    launch(
        entry.kernel, 2, 1, 1, 256, 0,
        ElementwiseParameters{a.data(), x.data(), y.data(), static_cast<long long>(count), -0.25f, 2});
    std::vector<double> expected(count), size(count, 4.0);
    for (std::size_t i = 0; i < count; i++) expected[i] = entry.formula(a[i], backward ? static_cast<double>(x[i]) + 3 : b[i]);
    expect_close(entry.kernel, y, expected, 1e-7, &size);
  }
}

/// Sums of bfloat16, each rounded once.
void check_stored_sums(std::size_t count, Numbers& numbers) {
  auto number = [&](std::size_t) { return bfloat16_bits(numbers.uniform()); };
  Buffer<std::uint16_t> a(count, number), b(count, number);
  Buffer<float> sums(count, [&](std::size_t i) { return bfloat16_value(a[i]) + bfloat16_value(b[i]); });
  for (const std::string suffix : {"", "_8"}) {
    if (suffix == "_8" && count % 8 != 0) continue;
    Buffer<std::uint16_t> y(count);
    launch(
        "elementwise_add_bf16_bf16_bf16" + suffix, 2, 1, 1, 256, 0,
        ElementwiseParameters{
            reinterpret_cast<const float*>(a.data()), reinterpret_cast<const float*>(b.data()),
            reinterpret_cast<float*>(y.data()), static_cast<long long>(count), 1, 0});
    expect_close("stored sums" + suffix, y, stored_bits(sums), 0);
  }
}

void check_dropout(std::size_t count, Numbers& numbers) {
  Buffer<float> x(count, [&](std::size_t) { return bfloat16_value(bfloat16_bits(numbers.uniform())); }), expected(count);
  Buffer<std::uint16_t> stored(count, [&](std::size_t i) { return bfloat16_bits(x[i]); });
  for (std::size_t i = 0; i < count; i++) expected[i] = static_cast<float>(dropped(some_dropout(), i, x[i]));
  for (const std::string suffix : {"", "_8"}) {
    if (suffix == "_8" && count % 8 != 0) continue;
    Buffer<float> y(count);
    Buffer<std::uint16_t> rounded(count), narrow(count);
    auto run = [&](const char* kernel, const void* from, void* to) {
      launch(kernel + suffix, 2, 1, 1, 256, 0, DropoutParameters{from, to, static_cast<long long>(count), some_dropout()});
    };
    run("dropout", x.data(), y.data());
    run("dropout_f32_bf16", x.data(), rounded.data());
    run("dropout_bf16_bf16", stored.data(), narrow.data());
    expect_close("dropout" + suffix, y, numbers_of(expected), 0);
    expect_close("stored dropout" + suffix, rounded, stored_bits(expected), 0);
    expect_close("dropout as it is stored" + suffix, narrow, stored_bits(expected), 0);
  }
}

/// Several masks of different sizes, as launched and as a graph replays them: with an offset of the streams.
void check_dropout_masks() {
  const std::uint64_t offset = 0x1FFFFFFFFull;
  const std::size_t elements[] = {1, 33, 70000};
  const unsigned at_first_lane = philox_lane(kSeed, kStream, 0), thresholds[] = {at_first_lane, kThreshold, 65536};
  for (const std::uint64_t* replayed : {static_cast<const std::uint64_t*>(nullptr), &offset}) {
    std::deque<Buffer<std::uint32_t>> words;
    MaskTable table{};
    table.stream_offset = replayed;
    for (int i = 0; i < 3; i++) {
      words.emplace_back((elements[i] + 31) / 32);
      table.masks[i] = {
          words[i].data(), static_cast<long long>(words[i].size()), kSeed + i, kStream - i - (replayed ? offset : 0),
          thresholds[i]};
    }
    launch("dropout_masks", 2, 3, 1, 256, 0, table);
    for (int i = 0; i < 3; i++) {
      std::vector<std::uint8_t> bits = drawn_bits(kSeed + i, kStream - i, thresholds[i], elements[i]);
      std::vector<double> expected(words[i].size());
      for (std::size_t j = 0; j < expected.size() * 4; j++) expected[j / 4] += std::ldexp(bits[j], j % 4 * 8);
      expect_close("dropout mask " + std::to_string(i), words[i], expected, 0);
    }
  }
}

void check_unary(std::size_t count, Numbers& numbers) {
  Buffer<float> x(count, [&](std::size_t) { return 3 * numbers.uniform(); });
  struct Entry {
    const char* kernel;
    double (*formula)(double x);
    bool positive;
  };
  const Entry entries[] = {
      {"elementwise_exponential", [](double x) { return std::exp(x); }, false},
      {"elementwise_logarithm", [](double x) { return std::log(x); }, true},
      {"elementwise_square_root", [](double x) { return std::sqrt(x); }, true},
      {"elementwise_absolute", [](double x) { return std::fabs(x); }, false},
      {"elementwise_sign", [](double x) { return x > 0   ? 1.0
                                                 : x < 0 ? -1.0
                                                         : 0.0; }, false},
      {"elementwise_relu", [](double x) { return x > 0 ? x : 0.0; }, false},
      {"elementwise_sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }, false},
      {"elementwise_hyperbolic_tangent", [](double x) { return std::tanh(x); }, false},
      {"elementwise_softplus", [](double x) { return std::log1p(std::exp(x)); }, false},
  };
  for (const Entry& entry : entries) {
    Buffer<float> input(count, [&](std::size_t i) { return entry.positive ? std::fabs(x[i]) + 0.1f : x[i]; }), y(count);
    launch(
        entry.kernel, 2, 1, 1, 256, 0,
        ElementwiseParameters{input.data(), nullptr, y.data(), static_cast<long long>(count), 1, 0});
    std::vector<double> expected(count), size(count);
    for (std::size_t i = 0; i < count; i++) size[i] = std::fabs(expected[i] = entry.formula(input[i])) + 0.1;
    expect_close(entry.kernel, y, expected, 3e-7, &size);
  }
}

void check_conversion(std::size_t count, Numbers& numbers) {
  Buffer<float> x(count, [&](std::size_t) { return numbers.uniform(); }), back(count);
  Buffer<double> doubles(count);
  Buffer<std::uint16_t> halves(count);
  std::vector<double> expected(count);
  for (std::size_t i = 0; i < count; i++) expected[i] = x[i];
  auto convert = [&](const char* kernel, const void* from, void* to) {
    launch(kernel, 2, 1, 1, 256, 0, ConvertParameters{from, to, static_cast<long long>(count)});
  };
  convert("convert_float32_to_float64", x.data(), doubles.data());
  expect_close("to float64", doubles, expected, 0);
  convert("convert_float64_to_float32", doubles.data(), back.data());
  expect_close("from float64", back, expected, 0);
  convert("convert_float32_to_bfloat16", x.data(), halves.data());
  convert("convert_bfloat16_to_float32", halves.data(), back.data());
  expect_close("by bfloat16", back, expected, 1.0 / 256);
}

void check_sgd(Numbers& numbers, bool nesterov, bool replayed) {
  const float rate = 0.05f;
  const std::size_t counts[] = {1, 8195, 4096};
  const int first_blocks[] = {0, 1, 4};
  std::deque<Buffer<float>> buffers;
  std::vector<std::vector<double>> expected;
  SgdParameters p{};
  p.rate = replayed ? NAN : rate, p.replayed_rate = replayed ? &rate : nullptr, p.momentum = 0.9f, p.nesterov = nesterov;
  p.count = 3;
  for (int t = 0; t < 3; t++) {
    float decay = t == 1 ? 0.0f : 0.1f;
    auto random = [&](std::size_t) { return numbers.uniform(); };
    auto &w = buffers.emplace_back(counts[t], random), &velocity = buffers.emplace_back(counts[t], random),
         &g = buffers.emplace_back(counts[t], random);
    p.tensors[t] = {w.data(), g.data(), velocity.data(), static_cast<long long>(counts[t]), decay, first_blocks[t]};
    std::vector<double> ew(counts[t]), ev(counts[t]);
    for (std::size_t i = 0; i < counts[t]; i++) {
      double gradient = g[i] + static_cast<double>(decay) * w[i];
      ev[i] = static_cast<double>(p.momentum) * velocity[i] + gradient;
      ew[i] = w[i] - static_cast<double>(rate) * (nesterov ? gradient + static_cast<double>(p.momentum) * ev[i] : ev[i]);
    }
    expected.insert(expected.end(), {ew, ev});
  }
  launch("sgd", 5, 1, 1, 256, 0, p);
  std::vector<double> size(9000, 3.0);
  for (int i = 0; i < 6; i++) expect_close("sgd " + std::to_string(i), buffers[i / 2 * 3 + i % 2], expected[i], 2e-7, &size);
}

void check_channels(int positions, int channels, int narrow, Numbers& numbers) {
  std::size_t count = static_cast<std::size_t>(positions) * channels;
  int margin = (channels - narrow) / 2;
  Buffer<float> shortcut(static_cast<std::size_t>(positions) * narrow, [&](std::size_t) { return numbers.uniform(); }),
      branch(count, [&](std::size_t) { return bfloat16_value(bfloat16_bits(numbers.uniform())); });
  Buffer<std::uint16_t> stored(count, [&](std::size_t i) { return bfloat16_bits(branch[i]); });
  std::vector<double> expected(count), size(count, 2.0), copied(count, 5);
  for (std::size_t i = 0; i < count; i++) {
    int c = static_cast<int>(i % channels) - margin;
    expected[i] = dropped(some_dropout(), i, branch[i]) + (c >= 0 && c < narrow ? shortcut[i / channels * narrow + c] : 0);
    if (c >= 0 && c < narrow) copied[i] = shortcut[i / channels * narrow + c];
  }
  for (int width : {1, 8}) {
    if (channels % width != 0 || narrow % width != 0 || margin % width != 0) continue;
    Sweep added(positions, channels, width, 19), taken(positions, narrow, width, 19);
    std::string size_of = " of " + std::to_string(channels) + " channels" + added.suffix;
    Buffer<float> y(count);
    ResidualParameters p{shortcut.data(), branch.data(), y.data(), some_dropout(), added.sweep, narrow, margin};
    added.launch("residual_add", 1, p);
    expect_close("residual add" + size_of, y, expected, 1e-7, &size);
    Buffer<float> same(count);
    p.branch = stored.data();
    p.y = same.data();
    added.launch("residual_add_f32_bf16_f32", 1, p);
    expect_close("residual add of a stored branch" + size_of, same, numbers_of(y), 0);
    Buffer<float> target(count, [](std::size_t) { return 5; });
    taken.launch(
        "copy_channels", 1, CopyChannelsParameters{shortcut.data(), target.data(), taken.sweep, narrow, 0, channels, margin});
    expect_close("copy channels" + size_of, target, copied, 0);
  }
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
  for (std::size_t count : {1, 7, 255, 513, 4096, 4099}) {
    check_elementwise(count, numbers);
    check_stored_sums(count, numbers);
    check_dropout(count, numbers);
  }
  check_dropout_masks();
  for (int channels : {1, 2, 5, 16, 32, 33, 264}) check_channels(41, channels, (channels + 1) / 2, numbers);
  for (int channels : {16, 264}) check_channels(41, channels, channels, numbers);
  for (std::size_t count : {1, 255, 4099}) check_unary(count, numbers), check_conversion(count, numbers);
  for (bool nesterov : {false, true}) check_sgd(numbers, nesterov, nesterov);
  check_adam(numbers, false);
  check_adam(numbers, true);
  return report();
}

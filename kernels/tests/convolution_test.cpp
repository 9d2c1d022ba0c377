// The convolution kernels against their definition: bit for bit on small integers, within rounding on real numbers, over ragged
// shapes of all kinds.
#include "convolution_launch.h"

using namespace test;

namespace {

template <class Values>
std::vector<double> as_doubles(const Values& values) {
  std::vector<double> doubles(values.size());
  for (std::size_t i = 0; i < doubles.size(); i++) doubles[i] = values[i];
  return doubles;
}

/// What results are as `tensor` stores them.
std::vector<double> rounded(std::vector<double> results, const StoredTensor& tensor) {
  for (double& result : results) result = tensor.rounded(result);
  return results;
}

/// How far results may be off, relative to the sum of the products' magnitudes.
double tolerance_of(const Family& family, const StoredTensor& result) {
  return family.tolerance + (result.bfloat16() ? 4e-3 : 0);
}

std::vector<double> absolute(std::vector<double> v) {
  for (double& x : v) x = std::fabs(x);
  return v;
}

/// A shape that covers what the networks use and what they do not: thin and wide channels, strides, dilations, odd paddings,
/// one-pixel images. `threes`: with 3x3 taps.
Problem draw(Numbers& numbers, int round, bool threes = false) {
  static const int channel_choices[] = {1, 3, 4, 5, 8, 16, 17, 33, 40, 64, 70};
  bool flat = round % 2 == 0, strided = round % 3 == 2;
  Problem p{};
  p.samples = numbers.range(1, 2);
  p.channels = channel_choices[numbers.next() % 11];
  p.outputs = channel_choices[numbers.next() % 11];
  p.symmetric = round % 3 == 1;
  auto axis = [&](int a, bool on) {
    int kernel = on ? threes && a > 0 ? 3 : 1 + 2 * numbers.range(0, a == 0 ? 1 : 2) : 1,
        dilation = on && !p.symmetric ? numbers.range(1, 3) : 1;
    int stride = strided && on ? numbers.range(1, 3) : 1, extent = on ? numbers.range(1, a == 0 ? 4 : 11) : 1;
    int reach = dilation * (kernel - 1) + 1, before = numbers.range(0, reach - 1),
        after = std::max(numbers.range(0, reach - 1), reach - extent - before);
    if (p.symmetric) before = std::min((reach - 1) / 2, extent), after = std::min(reach - 1 - before, extent);
    if (extent + before + after < reach) kernel = 1, before = after = 0;
    return std::vector<int>{extent, kernel, stride, dilation, before, after};
  };
  std::vector<int> d = axis(0, !flat), h = axis(1, true), w = axis(2, true);
  Size3* fields[] = {&p.input, &p.kernel, &p.stride, &p.dilation, &p.pad_before, &p.pad_after};
  for (int i = 0; i < 6; i++) *fields[i] = {d[i], h[i], w[i]};
  return p;
}

/// The same where Hopper's kernels ask for multiples of eight channels and the width's stride is 1; three rounds of four for the
/// weight gradient.
Problem draw_for_warpgroups(const Family& family, Numbers& numbers, int round) {
  Problem p = draw(numbers, round, round % 4 != 0);
  p.stride.width = 1;
  p.channels = round % 3 == 0 ? 3 * family.chunk() + 8 : round_up(p.channels, 8);  // both halos are used twice
  p.outputs = round_up(p.outputs, round % 4 != 0 ? 8 : 2);
  return p;
}

/// `with_operand`: whether a data gradient that can copies from an operand.
void check_directions(const Family& family, const Problem& q, bool integers, bool with_operand, Numbers& numbers) {
  auto number = [&](std::size_t) { return integers ? numbers.small_integer() : numbers.uniform(); };
  auto chance = [&](bool possible) { return numbers.next() % 2 == 0 && possible; };
  StoredTensor x(q.input_count(), chance(family.reads_bfloat16(q.channels)), number),
      gy(q.output_count(), chance(family.reads_bfloat16(q.outputs)), number),
      y(q.output_count(), chance(family.writes_bfloat16(q.outputs)));
  Buffer<float> w(q.weight_count(), number), bias(q.outputs, number), gw(q.weight_count());
  std::vector<double> xs = as_doubles(x), ws = as_doubles(w), gys = as_doubles(gy), bs = as_doubles(bias);
  std::string name =
      family.gather_name() + "_" + std::to_string(family.gather_tile) + (integers ? " integers " : " reals ") + q.name();
  auto expect = [&](const std::string& pass, const StoredTensor& actual, const std::vector<double>& expected,
                    const std::vector<double>& size) {
    if (integers) expect_close(pass + name, actual, rounded(expected, actual), 0, &size);
    else expect_close(pass + name, actual, expected, tolerance_of(family, actual), &size);
  };

  run_gather("forward", family, q.samples, forward_gather(q, x, bias.data(), y), forward_pack(q, w.data()), numbers);
  std::vector<double> size = reference_forward(q, absolute(xs), absolute(ws), absolute(bs)),
                      product = reference_forward(q, xs, ws, bs);
  expect("forward ", y, product, size);

  std::vector<double> twice = as_doubles(y);
  for (std::size_t i = 0; i < twice.size(); i++) twice[i] += product[i], size[i] *= 2;
  GatherParameters accumulating = forward_gather(q, x, bias.data(), y);
  accumulating.accumulate = 1;
  run_gather("forward", family, q.samples, accumulating, forward_pack(q, w.data()), numbers);
  expect("accumulating forward ", y, twice, size);

  if (family.takes_weight_gradient(q)) {
    run_backward_weights(family, q, InputTransform::none(), x, gy, gw.data(), numbers);
    size = reference_backward_weights(q, absolute(xs), absolute(gys));
    expect_close("backward weights " + name, gw, reference_backward_weights(q, xs, gys), integers ? 0 : family.tolerance, &size);
  }

  if (!family.takes_data_gradient(q)) return;
  size = reference_backward_data(q, absolute(gys), absolute(ws));
  StoredTensor gx(q.input_count(), chance(family.writes_bfloat16(q.channels) && !q.symmetric), [](std::size_t) { return 0; });
  (q.symmetric ? run_mirrored_backward_data : run_backward_data)(family, q, gy, w.data(), gx, numbers, with_operand);
  expect("backward data ", gx, reference_backward_data(q, gys, ws), size);
}

/// What a transform with normalization makes of an input, and the size of what each element is made of.
struct Transformed {
  Buffer<float> scale, shift;
  InputTransform transform;
  std::vector<double> values, terms;

  Transformed(const Problem& q, const StoredTensor& x, const DropoutMask& mask, Numbers& numbers)
      : scale(static_cast<std::size_t>(q.samples) * q.channels, [&](std::size_t) { return numbers.uniform(); }),
        shift(scale.size(), [&](std::size_t) { return 1 + numbers.uniform(); }),
        transform{scale.data(), shift.data(), 0.2f, mask},
        values(x.size()),
        terms(x.size()) {
    std::size_t per_sample = x.size() / q.samples;
    for (std::size_t i = 0; i < x.size(); i++) {
      std::size_t row = i / per_sample * q.channels + i % q.channels;
      double value = dropped(mask, i, x[i]) * scale[row] + shift[row];
      values[i] = value < 0 ? value * 0.2 : value;
      terms[i] = std::fabs(dropped(mask, i, x[i]) * scale[row]) + std::fabs(shift[row]);
    }
  }
};

/// Normalization, leaky ReLU and dropout on load, and statistics of the dropped-out result.
void check_fusion(const Family& family, Problem q, Numbers& numbers) {
  q.stride = {1, 1, 1};
  auto number = [&](std::size_t) { return numbers.uniform(); };
  auto chance = [&](bool possible) { return numbers.next() % 2 == 0 && possible; };
  StoredTensor x(q.input_count(), chance(family.reads_bfloat16(q.channels)), number),
      gy(q.output_count(), chance(family.reads_bfloat16(q.outputs)), number), y(q.output_count(), false);
  // A mean of a thousand deviations: statistics that subtract squares would lose most digits.
  Buffer<float> w(q.weight_count(), number), bias(q.outputs, [](std::size_t) { return 1000; });
  DropoutMask mask = numbers.next() % 2 ? some_dropout() : no_dropout(),
              result_mask = numbers.next() % 2 ? some_dropout() : no_dropout();
  Transformed input(q, x, mask, numbers);
  std::vector<double> ws = as_doubles(w), gys = as_doubles(gy), bs = as_doubles(bias);
  std::string name = family.gather_name() + "_" + std::to_string(family.gather_tile) + " fused " + q.name();

  GatherParameters p = forward_gather(q, x, bias.data(), y);
  p.transform = input.transform;
  p.moments_dropout = result_mask;
  Moments moments;
  Numbers same_tiles = numbers;
  run_gather("forward", family, q.samples, p, forward_pack(q, w.data()), numbers, &moments);
  std::vector<double> size = reference_forward(q, input.terms, absolute(ws), bs);
  expect_close("forward " + name, y, reference_forward(q, input.values, ws, bs), family.tolerance, &size);

  if (family.writes_bfloat16(q.outputs)) {
    StoredTensor narrow(y.size(), true);
    Stored target = narrow;
    p.y = target.data;
    p.y_bfloat16 = 1;
    Moments unrounded;
    run_gather("forward", family, q.samples, p, forward_pack(q, w.data()), same_tiles, &unrounded);
    expect_close("stored forward " + name, narrow, rounded(as_doubles(y), narrow), 0);
    Buffer<float> actual(unrounded.values.size(), [&](std::size_t i) { return unrounded.values[i]; });
    expect_close(
        "statistics before rounding " + name, actual, std::vector<double>(moments.values.begin(), moments.values.end()), 0);
  }

  if (family.takes_weight_gradient(q)) {
    Buffer<float> gw(q.weight_count());
    run_backward_weights(family, q, p.transform, x, gy, gw.data(), numbers);
    size = reference_backward_weights(q, input.terms, absolute(gys));
    expect_close("backward weights " + name, gw, reference_backward_weights(q, input.values, gys), family.tolerance, &size);
  }

  for (int k = 0; k < q.outputs; k++) {
    double count = 0, mean = 0, squares = 0, expected_mean = 0, expected_squares = 0;
    for (int t = 0; t < q.samples * moments.tiles; t++) {
      const float* tile = &moments.values[static_cast<std::size_t>(t) * 4 * q.outputs + k];
      double n = tile[0], deviations = tile[2 * q.outputs], difference = tile[q.outputs] + deviations / n - mean;
      squares += tile[3 * q.outputs] - deviations * deviations / n + difference * difference * count * n / (count + n);
      mean += difference * n / (count + n);
      count += n;
    }
    std::size_t positions = y.size() / q.outputs;
    for (std::size_t i = 0; i < positions; i++)
      expected_mean += dropped(result_mask, i * q.outputs + k, y[i * q.outputs + k]) / positions;
    for (std::size_t i = 0; i < positions; i++)
      expected_squares += std::pow(dropped(result_mask, i * q.outputs + k, y[i * q.outputs + k]) - expected_mean, 2);
    Buffer<double> actual(3, [&](std::size_t i) { return i == 0 ? count : i == 1 ? mean : squares; });
    std::vector<double> magnitude = {0, std::fabs(expected_mean) + 1e-3, expected_squares + positions * 1e-2};
    expect_close(
        "statistics of channel " + std::to_string(k) + " " + name, actual,
        {static_cast<double>(positions), expected_mean, expected_squares}, 1e-5, &magnitude);
  }
}

/// Weight gradients of the shapes that the networks have and the random ones seldom are: few channels, strides, many taps.
void check_narrow_weight_gradients(const Family& family, Numbers& numbers) {
  const Size3 none{0, 0, 0}, one{1, 1, 1}, two{2, 2, 2}, planar{0, 1, 1}, threes{3, 3, 3};
  const Problem problems[] = {
      {2, 1, 16, {4, 7, 9}, threes, one, one, one, one, false},
      {2, 3, 16, {1, 13, 17}, {1, 3, 3}, one, one, planar, planar, false},
      {2, 40, 5, {1, 9, 19}, {1, 5, 5}, one, one, {0, 2, 2}, {0, 2, 2}, true},
      {1, 32, 5, {3, 5, 33}, one, one, one, none, none, false},
      {1, 16, 32, {4, 6, 9}, threes, one, one, one, one, false},
      {1, 24, 33, {5, 9, 10}, threes, two, one, none, one, false},
      {2, 8, 16, {1, 12, 13}, {1, 3, 3}, one, {1, 4, 4}, {0, 4, 4}, {0, 4, 4}, false},
      {3, 7, 3, one, {1, 3, 3}, one, one, planar, planar, true},
  };
  for (const Problem& q : problems) {
    std::string name = "backward weights " + family.gather_name() + "_" + std::to_string(family.weight_tile) + " " + q.name();
    bool narrow_x = family.reads_bfloat16(q.channels) && numbers.next() % 4 != 0,
         narrow_gy = family.reads_bfloat16(q.outputs) && numbers.next() % 4 != 0;
    auto integer = [&](std::size_t) { return numbers.small_integer(); };
    StoredTensor integers(q.input_count(), narrow_x, integer), integer_gy(q.output_count(), narrow_gy, integer);
    Buffer<float> exact(q.weight_count());
    run_backward_weights(family, q, InputTransform::none(), integers, integer_gy, exact.data(), numbers);
    expect_close(
        name + " integers", exact, reference_backward_weights(q, as_doubles(integers), as_doubles(integer_gy)), 0, nullptr);

    auto number = [&](std::size_t) { return numbers.uniform(); };
    StoredTensor x(q.input_count(), narrow_x, number), gy(q.output_count(), narrow_gy, number);
    Buffer<float> gw(q.weight_count());
    Transformed input(q, x, some_dropout(), numbers);
    run_backward_weights(family, q, input.transform, x, gy, gw.data(), numbers);
    std::vector<double> size = reference_backward_weights(q, input.terms, absolute(as_doubles(gy)));
    expect_close(name + " fused", gw, reference_backward_weights(q, input.values, as_doubles(gy)), family.tolerance, &size);
  }
}

std::uint16_t rounded(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// Operands bit for bit: borders before, behind and inside of the image, mirrored and zero, of floats and of bfloat16.
void check_operand(Numbers& numbers, int round) {
  int samples = numbers.range(1, 3), channels = 8 * numbers.range(1, 9);
  bool symmetric = round % 2, narrow = round / 2 % 2;
  Size3 input{numbers.range(1, 3), numbers.range(1, 9), numbers.range(1, 11)},
      from{numbers.range(-3, 1), numbers.range(-4, 2), numbers.range(-4, 2)},
      to = from + Size3{numbers.range(1, 5), numbers.range(1, 14), numbers.range(1, 16)};
  std::string name = "operand n" + std::to_string(samples) + " c" + std::to_string(channels) + " round " + std::to_string(round);
  Buffer<float> x(static_cast<std::size_t>(samples) * input.count() * channels, [&](std::size_t) { return numbers.uniform(); });
  Buffer<std::uint16_t> narrow_x(x.size(), [&](std::size_t i) { return rounded(x[i]); });
  if (narrow)
    for (std::size_t i = 0; i < x.size(); i++) {
      std::uint32_t bits = static_cast<std::uint32_t>(narrow_x[i]) << 16;
      std::memcpy(&x[i], &bits, 4);
    }
  int rows = samples * channels;
  Buffer<float> scale(rows, [&](std::size_t) { return numbers.uniform(); }),
      shift(rows, [&](std::size_t) { return numbers.uniform(); });
  DropoutMask mask = round % 3 == 2 ? some_dropout() : no_dropout();
  InputTransform transform = round % 3 == 0 ? InputTransform::none() : InputTransform{scale.data(), shift.data(), 0.2f, mask};
  Operand operand(
      narrow ? static_cast<const void*>(narrow_x.data()) : x.data(), narrow, samples, channels, input, symmetric, transform, from,
      to, numbers.range(1, 200));

  auto expected = [&](int sample, Size3 at, int channel) -> std::uint16_t {
    int coordinates[] = {at.depth, at.height, at.width};
    for (int a = 0; a < 3; a++) {
      int &i = coordinates[a], extent = Problem::axis(input, a);
      if (symmetric && i < 0) i = -1 - i;
      else if (symmetric && i >= extent) i = 2 * extent - 1 - i;
      if (i < 0 || i >= extent) return 0;
    }
    std::size_t element =
        (((static_cast<std::size_t>(sample) * input.depth + coordinates[0]) * input.height + coordinates[1]) * input.width +
         coordinates[2]) *
            channels +
        channel;
    float value = x[element];
    if (transform.scale != nullptr) {
      value = static_cast<float>(dropped(mask, element, value)) * scale[sample * channels + channel] +
              shift[sample * channels + channel];
      if (value < 0) value *= 0.2f;
    }
    return rounded(value);
  };
  checks++;
  std::size_t i = 0;
  for (int sample = 0; sample < samples; sample++)
    for (int plane = 0; plane < channels / 8; plane++)
      for (int depth = from.depth; depth < to.depth; depth++)
        for (int height = from.height; height < to.height; height++)
          for (int width = from.width; width < to.width; width++)
            for (int c = 0; c < 8; c++, i++)
              if (operand.values[i] != expected(sample, {depth, height, width}, plane * 8 + c)) {
                fail("%s: element %zu is %04x", name.c_str(), i, operand.values[i]);
                return;
              }
}

}  // namespace

int main(int argc, char** argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 3;
  std::string only = argc > 2 ? argv[2] : "";  // families whose names begin with it
  Numbers numbers(7), operands(8);
  for (int round = 0; round < rounds; round++) {
    emulation_configure(0, round + 1);
    for (int i = 0; i < 12; i++) check_operand(operands, i);
    for (const Family& family : families()) {
      if ((family.gather_name() + "_").rfind(only, 0) != 0) continue;
      Problem problem = family.warpgroups ? draw_for_warpgroups(family, numbers, round) : draw(numbers, round);
      check_directions(family, problem, true, round % 3 != 2, numbers);
      check_directions(family, problem, false, round % 3 != 1, numbers);
      check_fusion(family, problem, numbers);
      if (!family.warpgroups && !family.few_channels) check_narrow_weight_gradients(family, numbers);
    }
  }
  return report();
}

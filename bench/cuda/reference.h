// What a convolution must give, for the check before anything is timed.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "problem.h"

enum class Precision { Fp32, Tf32, Bf16 };
enum class Layout { Nhwc, Nchw };

const char* name_of(Precision precision);
const char* name_of(Layout layout);

/// Dense tensor of five axes (samples or output channels, channels, depth, height, width): element (a, b, d, h, w) is at the sum of index times stride.
struct Strides {
  std::array<int64_t, 5> extent, stride;
  Strides(int64_t a, int64_t b, const Extent& e, Layout layout);
};

/// The tensors of a problem in a memory layout.
struct Tensors {
  Strides x, w, y;
  Tensors(const Problem& problem, Layout layout);
  const Strides& result(Pass pass) const { return pass == Pass::Forward ? y : pass == Pass::BackwardData ? x : w; }
};

/// Numbers in [-1, 1) that differ by index and seed; those of bf16 are exact in it.
std::vector<float> random_values(int64_t count, uint32_t seed, Precision precision);

std::vector<uint16_t> to_bf16(const std::vector<float>& values);
std::vector<float> from_bf16(const std::vector<uint16_t>& values);

/// Elements of a result in float64: one at a random place in each of equal parts of the result, so that no wrong region of more than a part escapes.
struct Samples {
  std::vector<int64_t> places;
  std::vector<double> values;

  /// `a` and `b` are the operands in the order of Tensors: x and w (forward), w and y (data gradient), x and y (weight gradient).
  static Samples of(const Problem& problem, Pass pass, const Tensors& tensors, const std::vector<float>& a, const std::vector<float>& b);
};

struct Verdict {
  double relative_error;  // norm of the difference over the norm of the reference
  std::string complaint;  // empty if the result is right
};

/// Holds a whole result against the samples; a NaN anywhere is an element that was not written.
Verdict judge(const Samples& expected, const std::vector<float>& result, Precision precision);

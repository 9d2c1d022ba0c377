// One convolution of a network, written as the engine writes it (ConvolutionProblem.ToString in src/Engine/Backends).
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

using Extent = std::array<int64_t, 3>;  // depth, height, width

inline int64_t volume(const Extent& e) { return e[0] * e[1] * e[2]; }

enum class Pass { Forward, BackwardData, BackwardWeights };

/// "forward", "data gradient", "weight gradient".
const char* name_of(Pass pass);

/// y[i] = sum over t of x[i * stride + t * dilation - pad_before] w[t].
struct Problem {
  int64_t batch, inputs, outputs;  // samples, input channels, output channels
  Extent input, kernel, stride, dilation, pad_before, pad_after;
  bool mirrors;  // borders are mirrored instead of zero

  /// Parses "n16 c512 k2560 in1x32x32 kernel1x3x3 stride1x1x1 dilation1x1x1 pad0x1x1/0x1x1 Symmetric".
  /// Throws std::invalid_argument with one line that says what is wrong.
  static Problem parse(const std::string& text);
  std::string text() const;

  Extent output() const;

  /// What a library is asked that knows neither mirrored borders nor different padding on the two sides: the same convolution of the image after padding.
  Problem as_library_call() const;

  int64_t input_count() const { return batch * volume(input) * inputs; }
  int64_t output_count() const { return batch * volume(output()) * outputs; }
  int64_t weight_count() const { return volume(kernel) * inputs * outputs; }

  /// 2 x positions x taps x channels x channels, the same in all passes; taps beyond the border count.
  double flops() const { return 2.0 * double(batch) * double(volume(output())) * double(weight_count()); }

  /// Each operand once, elements of the given size; weight gradients are float.
  double bytes(Pass pass, int element_bytes) const;
};

/// A line of a problem file: name, how often the network has the layer, problem.
struct Layer {
  std::string name;
  int count;
  Problem problem;
};

/// Reads lines "name<TAB>count<TAB>problem" ("-" is standard input). Throws std::invalid_argument naming file and line.
std::vector<Layer> read_layers(const std::string& path);

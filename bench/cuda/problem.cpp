#include "problem.h"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <stdexcept>

static std::string text_of(const Extent& e) { return std::to_string(e[0]) + "x" + std::to_string(e[1]) + "x" + std::to_string(e[2]); }

const char* name_of(Pass pass) { return pass == Pass::Forward ? "forward" : pass == Pass::BackwardData ? "data gradient" : "weight gradient"; }

Problem Problem::parse(const std::string& text) {
  Problem p{};
  char padding[16] = "";
  long long v[24];
  int fields = std::sscanf(text.c_str(),
                           "n%lld c%lld k%lld in%lldx%lldx%lld kernel%lldx%lldx%lld stride%lldx%lldx%lld dilation%lldx%lldx%lld pad%lldx%lldx%lld/%lldx%lldx%lld %15s", &v[0], &v[1], &v[2],
                           &v[3], &v[4], &v[5], &v[6], &v[7], &v[8], &v[9], &v[10], &v[11], &v[12], &v[13], &v[14], &v[15], &v[16], &v[17], &v[18], &v[19], &v[20], padding);
  std::string mode = padding;
  if (fields != 22 || (mode != "Zero" && mode != "Symmetric"))
    throw std::invalid_argument("problem '" + text + "' is not understood; it looks like 'n16 c3 k16 in1x256x256 kernel1x3x3 stride1x1x1 dilation1x1x1 pad0x1x1/0x1x1 Zero'");
  p.batch = v[0], p.inputs = v[1], p.outputs = v[2];
  Extent* extents[] = {&p.input, &p.kernel, &p.stride, &p.dilation, &p.pad_before, &p.pad_after};
  for (int i = 0; i < 18; i++) (*extents[i / 3])[size_t(i % 3)] = v[3 + i];
  p.mirrors = mode == "Symmetric";
  bool sensible = p.batch > 0 && p.inputs > 0 && p.outputs > 0;
  for (size_t a = 0; a < 3; a++)
    sensible = sensible && p.input[a] > 0 && p.kernel[a] > 0 && p.stride[a] > 0 && p.dilation[a] > 0 && p.pad_before[a] >= 0 && p.pad_after[a] >= 0 && p.output()[a] > 0;
  if (!sensible) throw std::invalid_argument("problem '" + text + "' has a size that no convolution has");
  return p;
}

std::string Problem::text() const {
  return "n" + std::to_string(batch) + " c" + std::to_string(inputs) + " k" + std::to_string(outputs) + " in" + text_of(input) + " kernel" + text_of(kernel) + " stride" + text_of(stride) +
         " dilation" + text_of(dilation) + " pad" + text_of(pad_before) + "/" + text_of(pad_after) + (mirrors ? " Symmetric" : " Zero");
}

Extent Problem::output() const {
  Extent result;
  for (size_t a = 0; a < 3; a++) {
    int64_t room = input[a] + pad_before[a] + pad_after[a] - (kernel[a] - 1) * dilation[a] - 1;
    result[a] = room < 0 ? 0 : room / stride[a] + 1;
  }
  return result;
}

Problem Problem::as_library_call() const {
  Problem p = *this;
  if (!mirrors && pad_before == pad_after) return p;
  for (size_t a = 0; a < 3; a++) p.input[a] += pad_before[a] + pad_after[a];
  p.pad_before = p.pad_after = {0, 0, 0};
  p.mirrors = false;
  return p;
}

double Problem::bytes(Pass pass, int element_bytes) const {
  return double(element_bytes) * double(input_count() + output_count()) + double(weight_count()) * (pass == Pass::BackwardWeights ? 4 : element_bytes);
}

std::vector<Layer> read_layers(const std::string& path) {
  std::ifstream file(path);
  if (path != "-" && !file) throw std::invalid_argument(path + ": cannot be read");
  std::istream& in = path == "-" ? std::cin : file;
  std::vector<Layer> layers;
  std::string line;
  for (int number = 1; std::getline(in, line); number++) {
    if (line.empty() || line[0] == '#') continue;
    size_t first = line.find('\t'), second = first == std::string::npos ? first : line.find('\t', first + 1);
    if (second == std::string::npos) throw std::invalid_argument(path + ":" + std::to_string(number) + ": expected name, count and problem with tabs between them");
    try {
      layers.push_back({line.substr(0, first), std::stoi(line.substr(first + 1, second - first - 1)), Problem::parse(line.substr(second + 1))});
    } catch (const std::exception& e) {
      throw std::invalid_argument(path + ":" + std::to_string(number) + ": " + e.what());
    }
  }
  return layers;
}

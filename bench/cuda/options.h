#pragma once
#include <string>
#include <vector>

#include "problem.h"
#include "reference.h"

/// The command line.
struct Options {
  std::vector<Layer> layers;
  std::string filter, engine, json, markdown;
  std::vector<Pass> passes = {Pass::Forward, Pass::BackwardData, Pass::BackwardWeights};
  std::vector<Precision> precisions = {Precision::Fp32, Precision::Tf32, Precision::Bf16};
  std::vector<Layout> layouts = {Layout::Nhwc, Layout::Nchw};
  int runs = 20;
  int seconds = 420;
  int64_t copy_bytes = int64_t(1) << 30, gemm_size = 8192;
  bool once = false, help = false;

  static const char* const usage;

  /// Throws std::invalid_argument with one line.
  static Options parse(int count, char** arguments);
};

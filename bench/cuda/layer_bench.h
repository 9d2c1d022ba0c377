// cuDNN's best correct way to run one pass of a layer, found by trying all.
#pragma once
#include <string>
#include <vector>

#include "cudnn_api.h"
#include "gpu.h"
#include "problem.h"
#include "reference.h"

/// What is measured.
struct Case {
  Layer layer;
  Pass pass;
  Precision precision;
  Layout layout;
};

struct RefusedEngine {
  std::string engine, complaint;
};

struct CaseResult {
  Case measured;
  std::string engine;
  Times times{};
  double relative_error = 0;
  int configurations = 0;               // tried
  std::vector<RefusedEngine> refused;  // faster in a first try, but wrong
  std::string complaint;                // why there is no time; empty if there is one
};

class LayerBench {
 public:
  LayerBench(Gpu& gpu, const cudnn::Api& api, int runs) : gpu_(gpu), api_(api), runs_(runs) {}

  /// Tries every configuration, checks the fastest ones' results from the fastest on, and times the first that is right.
  CaseResult search(const Case& wanted) const;

  /// Runs one configuration once, unchecked: for a profiler. Throws cudnn::Refused if there is none of that name.
  void run_once(const Case& wanted, const std::string& engine) const;

 private:
  Gpu& gpu_;
  const cudnn::Api& api_;
  int runs_;
};

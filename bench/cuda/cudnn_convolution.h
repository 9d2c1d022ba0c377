// One pass of a convolution as a cuDNN operation graph, with every way cuDNN knows to run it.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "cudnn_api.h"
#include "problem.h"
#include "reference.h"

/// An engine of cuDNN with its settings, ready to run.
class CudnnPlan {
 public:
  /// Throws cudnn::Refused if cuDNN cannot run it.
  CudnnPlan(const cudnn::Api& api, const cudnn::Descriptor& configuration, std::string name);

  const std::string& name() const { return name_; }
  int64_t workspace_bytes() const { return workspace_bytes_; }

  /// Where it reads and writes: made once, so that nothing but the launch stands between two events.
  cudnn::Descriptor bind(void* x, void* w, void* y, void* workspace) const;

  /// Starts it on the default stream. Throws cudnn::Refused.
  void run(const cudnn::Descriptor& bound) const;

 private:
  const cudnn::Api& api_;
  std::string name_;
  cudnn::Descriptor plan_;
  int64_t workspace_bytes_ = 0;
};

class CudnnConvolution {
 public:
  /// Throws cudnn::Refused if cuDNN has no such convolution.
  CudnnConvolution(const cudnn::Api& api, const Problem& problem, Pass pass, Precision precision, Layout layout);

  /// What the heuristics A, B and fallback propose, and then each engine with its default settings. Without those that round float operands, if floats are asked for.
  std::vector<std::unique_ptr<CudnnPlan>> plans() const;

 private:
  cudnn::Descriptor tensor(const Strides& strides, int64_t id, cudnn::DataType type) const;
  bool is_wanted(const cudnn::Descriptor& configuration) const;
  void add(std::vector<std::unique_ptr<CudnnPlan>>& plans, const cudnn::Descriptor& configuration, const std::string& name) const;

  const cudnn::Api& api_;
  bool is_planar_;
  Precision precision_;
  cudnn::Descriptor graph_;
};

#include "layer_bench.h"

#include <algorithm>

#include "cudnn_convolution.h"

namespace {

/// The tensors of a case on the GPU, operands filled, and what must come out.
class Data {
 public:
  Data(Gpu& gpu, const Problem& problem, const Case& wanted)
      : wanted_(wanted), counts_{problem.input_count(), problem.weight_count(), problem.output_count()}, bytes_(wanted.precision == Precision::Bf16 ? 2 : 4),
        buffers_{Gpu::Buffer(gpu, counts_[0] * bytes_), Gpu::Buffer(gpu, counts_[1] * bytes_), Gpu::Buffer(gpu, counts_[2] * bytes_)},
        result_(wanted.pass == Pass::Forward ? 2 : wanted.pass == Pass::BackwardData ? 0 : 1) {
    std::vector<std::vector<float>> operands;
    for (size_t i = 0; i < 3; i++) {
      if (i == result_) continue;
      operands.push_back(random_values(counts_[i], uint32_t(i), wanted.precision));
      if (bytes_ == 2)
        buffers_[i].upload(to_bf16(operands.back()).data(), 2 * counts_[i]);
      else
        buffers_[i].upload(operands.back().data(), 4 * counts_[i]);
    }
    expected_ = Samples::of(problem, wanted.pass, Tensors(problem, wanted.layout), operands[0], operands[1]);
  }

  cudnn::Descriptor bind(const CudnnPlan& plan, const Gpu::Buffer& workspace) const {
    return plan.bind(buffers_[0].pointer(), buffers_[1].pointer(), buffers_[2].pointer(), workspace.pointer());
  }

  Verdict check(const CudnnPlan& plan, const cudnn::Descriptor& bound) {
    buffers_[result_].fill(0xFF);  // NaN
    plan.run(bound);
    auto count = size_t(counts_[result_]);
    std::vector<float> result(count);
    if (bytes_ == 2) {
      std::vector<uint16_t> halves(count);
      buffers_[result_].download(halves.data(), int64_t(2 * count));
      result = from_bf16(halves);
    } else {
      buffers_[result_].download(result.data(), int64_t(4 * count));
    }
    return judge(expected_, result, wanted_.precision);
  }

 private:
  const Case& wanted_;
  int64_t counts_[3];
  int bytes_;
  Gpu::Buffer buffers_[3];
  size_t result_;
  Samples expected_;
};

struct Candidate {
  std::unique_ptr<CudnnPlan> plan;
  cudnn::Descriptor bound;
  double first_try_ms;
};

}  // namespace

CaseResult LayerBench::search(const Case& wanted) const {
  constexpr int FIRST_TRY_RUNS = 3, HOPELESS = 3;
  constexpr int64_t MOST_WORKSPACE = int64_t(4) << 30;
  CaseResult result{wanted, "", {}, 0, 0, {}, ""};
  try {
    Problem problem = wanted.layer.problem.as_library_call();
    std::vector<std::unique_ptr<CudnnPlan>> plans = CudnnConvolution(api_, problem, wanted.pass, wanted.precision, wanted.layout).plans();
    Data data(gpu_, problem, wanted);
    int64_t room = std::min(MOST_WORKSPACE, gpu_.free_bytes() / 2), largest = 0;
    for (const auto& plan : plans)
      if (plan->workspace_bytes() <= room) largest = std::max(largest, plan->workspace_bytes());
    Gpu::Buffer workspace(gpu_, largest);

    std::vector<Candidate> candidates;
    double best_ms = 0;
    for (auto& plan : plans) {
      if (plan->workspace_bytes() > largest) continue;
      try {
        cudnn::Descriptor bound = data.bind(*plan, workspace);
        double ms = gpu_.time(1, [&] { plan->run(bound); }, 1).median_ms;
        if (best_ms == 0 || ms < HOPELESS * best_ms) ms = gpu_.time(FIRST_TRY_RUNS, [&] { plan->run(bound); }, 0).median_ms;
        if (best_ms == 0 || ms < best_ms) best_ms = ms;
        candidates.push_back({std::move(plan), std::move(bound), ms});
      } catch (const cudnn::Refused&) {
        // It was planned but does not run: not a candidate.
      }
    }
    result.configurations = int(candidates.size());
    std::vector<const Candidate*> by_time;
    for (const Candidate& candidate : candidates) by_time.push_back(&candidate);
    std::stable_sort(by_time.begin(), by_time.end(), [](const Candidate* a, const Candidate* b) { return a->first_try_ms < b->first_try_ms; });
    for (const Candidate* candidate : by_time) {
      Verdict verdict = data.check(*candidate->plan, candidate->bound);
      if (!verdict.complaint.empty()) {
        result.refused.push_back({candidate->plan->name(), verdict.complaint});
        continue;
      }
      result.engine = candidate->plan->name();
      result.relative_error = verdict.relative_error;
      result.times = gpu_.time(runs_, [&] { candidate->plan->run(candidate->bound); });
      return result;
    }
    result.complaint = candidates.empty() ? "cuDNN has no engine for it" : "none of cuDNN's " + std::to_string(candidates.size()) + " results is right";
  } catch (const std::runtime_error& e) {
    result.complaint = e.what();  // such as too little memory: the other layers are still measured
  }
  return result;
}

void LayerBench::run_once(const Case& wanted, const std::string& engine) const {
  Problem problem = wanted.layer.problem.as_library_call();
  Data data(gpu_, problem, wanted);
  for (const auto& plan : CudnnConvolution(api_, problem, wanted.pass, wanted.precision, wanted.layout).plans()) {
    if (plan->name() != engine) continue;
    Gpu::Buffer workspace(gpu_, plan->workspace_bytes());
    plan->run(data.bind(*plan, workspace));
    gpu_.synchronize();
    return;
  }
  throw cudnn::Refused("cuDNN has no configuration '" + engine + "' for this problem; run without --once to see the names");
}

#include "cudnn_convolution.h"

#include <algorithm>

using namespace cudnn;

enum TensorId : int64_t { X = 'x', W = 'w', Y = 'y' };

CudnnPlan::CudnnPlan(const Api& api, const Descriptor& configuration, std::string name) : api_(api), name_(std::move(name)), plan_(api, EXECUTION_PLAN) {
  void* handle = api.handle();
  plan_.set(EXECUTION_PLAN_HANDLE, TYPE_HANDLE, 1, &handle);
  plan_.set(EXECUTION_PLAN_ENGINE_CONFIG, configuration);
  plan_.finalize();
  plan_.get(EXECUTION_PLAN_WORKSPACE_SIZE, TYPE_INT64, 1, &workspace_bytes_);
}

Descriptor CudnnPlan::bind(void* x, void* w, void* y, void* workspace) const {
  int64_t ids[] = {X, W, Y};
  void* pointers[] = {x, w, y};
  Descriptor pack(api_, VARIANT_PACK);
  pack.set(VARIANT_PACK_UNIQUE_IDS, TYPE_INT64, 3, ids);
  pack.set(VARIANT_PACK_DATA_POINTERS, TYPE_VOID_PTR, 3, pointers);
  pack.set(VARIANT_PACK_WORKSPACE, TYPE_VOID_PTR, 1, &workspace);
  pack.finalize();
  return pack;
}

void CudnnPlan::run(const Descriptor& bound) const {
  if (int status = api_.execute(api_.handle(), plan_.raw(), bound.raw())) throw Refused(std::string("cuDNN cannot run it: ") + api_.error_text(status));
}

CudnnConvolution::CudnnConvolution(const Api& api, const Problem& p, Pass pass, Precision precision, Layout layout)
    : api_(api), is_planar_(p.input[0] == 1 && p.kernel[0] == 1 && p.stride[0] == 1), precision_(precision), graph_(api, OPERATIONGRAPH) {
  DataType type = precision == Precision::Bf16 ? BFLOAT16 : FLOAT;
  Tensors tensors(p, layout);
  Descriptor x = tensor(tensors.x, X, type), w = tensor(tensors.w, W, type), y = tensor(tensors.y, Y, type);

  size_t first = is_planar_ ? 1 : 0;
  int64_t axes = is_planar_ ? 2 : 3;
  DataType computed = FLOAT;
  ConvolutionMode mode = CROSS_CORRELATION;
  Descriptor convolution(api, CONVOLUTION);
  convolution.set(CONVOLUTION_COMP_TYPE, TYPE_DATA_TYPE, 1, &computed);
  convolution.set(CONVOLUTION_CONV_MODE, TYPE_CONVOLUTION_MODE, 1, &mode);
  convolution.set(CONVOLUTION_SPATIAL_DIMS, axes);
  convolution.set(CONVOLUTION_DILATIONS, TYPE_INT64, axes, &p.dilation[first]);
  convolution.set(CONVOLUTION_FILTER_STRIDES, TYPE_INT64, axes, &p.stride[first]);
  convolution.set(CONVOLUTION_PRE_PADDINGS, TYPE_INT64, axes, &p.pad_before[first]);
  convolution.set(CONVOLUTION_POST_PADDINGS, TYPE_INT64, axes, &p.pad_after[first]);
  convolution.finalize();

  struct Names { DescriptorType operation; AttributeName convolution, x, w, y, alpha, beta; };
  static const Names all[] = {{OPERATION_CONVOLUTION_FORWARD, FORWARD_CONV_DESC, FORWARD_X, FORWARD_W, FORWARD_Y, FORWARD_ALPHA, FORWARD_BETA},
                              {OPERATION_CONVOLUTION_BACKWARD_DATA, BWD_DATA_CONV_DESC, BWD_DATA_DX, BWD_DATA_W, BWD_DATA_DY, BWD_DATA_ALPHA, BWD_DATA_BETA},
                              {OPERATION_CONVOLUTION_BACKWARD_FILTER, BWD_FILTER_CONV_DESC, BWD_FILTER_X, BWD_FILTER_DW, BWD_FILTER_DY, BWD_FILTER_ALPHA, BWD_FILTER_BETA}};
  const Names& names = all[int(pass)];
  Descriptor operation(api, names.operation);
  operation.set(names.convolution, convolution);
  operation.set(names.x, x);
  operation.set(names.w, w);
  operation.set(names.y, y);
  operation.set(names.alpha, 1.0f);
  operation.set(names.beta, 0.0f);
  operation.finalize();

  void* handle = api.handle();
  graph_.set(OPERATIONGRAPH_HANDLE, TYPE_HANDLE, 1, &handle);
  graph_.set(OPERATIONGRAPH_OPS, operation);
  graph_.finalize();
}

Descriptor CudnnConvolution::tensor(const Strides& strides, int64_t id, DataType type) const {
  std::array<int64_t, 5> extent = strides.extent, stride = strides.stride;
  if (is_planar_) {
    std::copy(extent.begin() + 3, extent.end(), extent.begin() + 2);
    std::copy(stride.begin() + 3, stride.end(), stride.begin() + 2);
  }
  int64_t axes = is_planar_ ? 4 : 5, alignment = 16;
  Descriptor result(api_, TENSOR);
  result.set(TENSOR_DATA_TYPE, TYPE_DATA_TYPE, 1, &type);
  result.set(TENSOR_DIMENSIONS, TYPE_INT64, axes, extent.data());
  result.set(TENSOR_STRIDES, TYPE_INT64, axes, stride.data());
  result.set(TENSOR_UNIQUE_ID, id);
  result.set(TENSOR_BYTE_ALIGNMENT, alignment);
  result.finalize();
  return result;
}

bool CudnnConvolution::is_wanted(const Descriptor& configuration) const {
  if (precision_ != Precision::Fp32) return true;
  Descriptor engine(api_, ENGINE);
  void* raw = engine.raw();
  configuration.get(ENGINECFG_ENGINE, TYPE_BACKEND_DESCRIPTOR, 1, &raw);
  int notes[32];
  int64_t count = std::min<int64_t>(32, engine.get(ENGINE_NUMERICAL_NOTE, TYPE_NUMERICAL_NOTE, 32, notes));
  return std::none_of(notes, notes + count, [](int note) { return note == NOTE_TENSOR_CORE || note == NOTE_DOWN_CONVERT_INPUTS; });
}

void CudnnConvolution::add(std::vector<std::unique_ptr<CudnnPlan>>& plans, const Descriptor& configuration, const std::string& name) const {
  try {
    if (is_wanted(configuration)) plans.push_back(std::make_unique<CudnnPlan>(api_, configuration, name));
  } catch (const Refused&) {
    // An engine that does not do this convolution says so here.
  }
}

std::vector<std::unique_ptr<CudnnPlan>> CudnnConvolution::plans() const {
  std::vector<std::unique_ptr<CudnnPlan>> found;
  struct Heuristic { HeuristicMode mode; const char* name; };
  for (Heuristic heuristic : {Heuristic{HEUR_MODE_A, "heuristic A"}, {HEUR_MODE_B, "heuristic B"}, {HEUR_MODE_FALLBACK, "fallback"}}) {
    try {
      Descriptor proposals(api_, ENGINEHEUR);
      proposals.set(ENGINEHEUR_OPERATION_GRAPH, graph_);
      proposals.set(ENGINEHEUR_MODE, TYPE_HEUR_MODE, 1, &heuristic.mode);
      proposals.finalize();
      int64_t count = proposals.get(ENGINEHEUR_RESULTS, TYPE_BACKEND_DESCRIPTOR, 0, nullptr);
      std::vector<Descriptor> configurations;
      std::vector<void*> raw;
      for (int64_t i = 0; i < count; i++) {
        configurations.emplace_back(api_, ENGINECFG);
        raw.push_back(configurations.back().raw());
      }
      count = std::min(count, proposals.get(ENGINEHEUR_RESULTS, TYPE_BACKEND_DESCRIPTOR, count, raw.data()));
      for (int64_t i = 0; i < count; i++) add(found, configurations[size_t(i)], std::string(heuristic.name) + " #" + std::to_string(i));
    } catch (const Refused&) {
      // This heuristic knows nothing about the operation; the others are still asked.
    }
  }

  int64_t engines = 0;
  graph_.get(OPERATIONGRAPH_ENGINE_GLOBAL_COUNT, TYPE_INT64, 1, &engines);
  for (int64_t i = 0; i < engines; i++) {
    try {
      Descriptor engine(api_, ENGINE), configuration(api_, ENGINECFG);
      engine.set(ENGINE_OPERATION_GRAPH, graph_);
      engine.set(ENGINE_GLOBAL_INDEX, i);
      engine.finalize();
      configuration.set(ENGINECFG_ENGINE, engine);
      configuration.finalize();
      add(found, configuration, "engine " + std::to_string(i));
    } catch (const Refused&) {
      // Not every engine takes every graph.
    }
  }
  return found;
}

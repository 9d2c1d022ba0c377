// The part of cuDNN's graph interface (version 9, cudnn_graph.h) that convolutions need, declared by hand; names follow NVIDIA's without the prefix.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "library.h"

namespace cudnn {

enum DataType { FLOAT = 0, BFLOAT16 = 9 };
enum ConvolutionMode { CROSS_CORRELATION = 1 };
enum HeuristicMode { HEUR_MODE_B = 1, HEUR_MODE_FALLBACK = 2, HEUR_MODE_A = 3 };
enum NumericalNote { NOTE_TENSOR_CORE = 0, NOTE_DOWN_CONVERT_INPUTS = 1 };

enum DescriptorType {
  CONVOLUTION = 1, ENGINE = 2, ENGINECFG = 3, ENGINEHEUR = 4, EXECUTION_PLAN = 5, OPERATION_CONVOLUTION_FORWARD = 10, OPERATION_CONVOLUTION_BACKWARD_FILTER = 11,
  OPERATION_CONVOLUTION_BACKWARD_DATA = 12, OPERATIONGRAPH = 15, VARIANT_PACK = 16, TENSOR = 17
};

enum AttributeType {
  TYPE_HANDLE = 0, TYPE_DATA_TYPE = 1, TYPE_INT64 = 3, TYPE_FLOAT = 4, TYPE_VOID_PTR = 6, TYPE_CONVOLUTION_MODE = 7, TYPE_HEUR_MODE = 8, TYPE_NUMERICAL_NOTE = 11,
  TYPE_BACKEND_DESCRIPTOR = 15
};

enum AttributeName {
  CONVOLUTION_COMP_TYPE = 100, CONVOLUTION_CONV_MODE = 101, CONVOLUTION_DILATIONS = 102, CONVOLUTION_FILTER_STRIDES = 103, CONVOLUTION_POST_PADDINGS = 104,
  CONVOLUTION_PRE_PADDINGS = 105, CONVOLUTION_SPATIAL_DIMS = 106,
  ENGINEHEUR_MODE = 200, ENGINEHEUR_OPERATION_GRAPH = 201, ENGINEHEUR_RESULTS = 202,
  ENGINECFG_ENGINE = 300,
  EXECUTION_PLAN_HANDLE = 400, EXECUTION_PLAN_ENGINE_CONFIG = 401, EXECUTION_PLAN_WORKSPACE_SIZE = 402,
  FORWARD_ALPHA = 700, FORWARD_BETA = 701, FORWARD_CONV_DESC = 702, FORWARD_W = 703, FORWARD_X = 704, FORWARD_Y = 705,
  BWD_DATA_ALPHA = 706, BWD_DATA_BETA = 707, BWD_DATA_CONV_DESC = 708, BWD_DATA_W = 709, BWD_DATA_DX = 710, BWD_DATA_DY = 711,
  BWD_FILTER_ALPHA = 712, BWD_FILTER_BETA = 713, BWD_FILTER_CONV_DESC = 714, BWD_FILTER_DW = 715, BWD_FILTER_X = 716, BWD_FILTER_DY = 717,
  OPERATIONGRAPH_HANDLE = 800, OPERATIONGRAPH_OPS = 801, OPERATIONGRAPH_ENGINE_GLOBAL_COUNT = 802,
  TENSOR_BYTE_ALIGNMENT = 900, TENSOR_DATA_TYPE = 901, TENSOR_DIMENSIONS = 902, TENSOR_STRIDES = 903, TENSOR_UNIQUE_ID = 906,
  VARIANT_PACK_UNIQUE_IDS = 1000, VARIANT_PACK_DATA_POINTERS = 1001, VARIANT_PACK_WORKSPACE = 1003,
  ENGINE_OPERATION_GRAPH = 1300, ENGINE_GLOBAL_INDEX = 1301, ENGINE_NUMERICAL_NOTE = 1303
};

/// The library with a handle on the current GPU.
class Api {
 public:
  /// Throws Missing.
  Api();
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  /// "9.13.0".
  std::string version() const;
  void* handle() const { return handle_; }

  int (*create_descriptor)(int type, void** descriptor);
  int (*destroy_descriptor)(void* descriptor);
  int (*finalize)(void* descriptor);
  int (*set_attribute)(void* descriptor, int name, int type, int64_t count, const void* values);
  int (*get_attribute)(void* descriptor, int name, int type, int64_t room, int64_t* count, void* values);
  int (*execute)(void* handle, void* plan, void* pack);
  const char* (*error_text)(int status);

 private:
  Library library_;
  void* handle_ = nullptr;
  int (*destroy_)(void*);
  size_t (*version_)();
};

/// What the library refuses to do; the caller goes on with something else.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A backend descriptor, destroyed with the object. Every failure is Refused.
class Descriptor {
 public:
  Descriptor(const Api& api, DescriptorType type);
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&&) = delete;

  void set(AttributeName name, AttributeType type, int64_t count, const void* values);
  void set(AttributeName name, int64_t value) { set(name, TYPE_INT64, 1, &value); }
  void set(AttributeName name, float value) { set(name, TYPE_FLOAT, 1, &value); }
  void set(AttributeName name, const Descriptor& value) { set(name, TYPE_BACKEND_DESCRIPTOR, 1, &value.descriptor_); }
  void finalize();
  /// Returns how many values there are; at most `room` of them are written.
  int64_t get(AttributeName name, AttributeType type, int64_t room, void* values) const;
  void* raw() const { return descriptor_; }

 private:
  void check(int status, const char* attempt) const;

  const Api* api_;
  void* descriptor_ = nullptr;
};

}  // namespace cudnn

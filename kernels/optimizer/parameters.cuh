// Parameter block of the optimizer kernels, as the launch code fills it (src/Engine/Backends/Cuda/CudaSingles.Adam.cs,
// .Sgd.cs).
#pragma once
#include "common/platform.cuh"

/// Tensors per launch: the block of parameters stays below CUDA's 4 KB.
constexpr int kTableTensors = 64;

/// Elements per block.
constexpr int kBlockElements = 4096;

/// A tensor's first element lies at a multiple of 16 bytes.
struct AdamTensor {
  float* w;
  const float* g;
  float* m;
  float* v;
  long long count;
  float l2;
  int first_block;  // of the blocks that share the tensors, each kBlockElements of one
};

struct AdamParameters {
  AdamTensor tensors[kTableTensors];
  float rate, beta1, take1, beta2, take2, epsilon;  // take = 1 - beta, rounded once
  int count;                                        // tensors
  const float* replayed_rate;                       // where a launch that a graph replays finds its rate; null for `rate`
};

struct SgdTensor {
  float* w;
  const float* g;
  float* velocity;
  long long count;
  float weight_decay;
  int first_block;
};

struct SgdParameters {
  SgdTensor tensors[kTableTensors];
  float rate, momentum;
  int nesterov;  // whether the step looks ahead by the velocity
  int count;     // tensors
  const float* replayed_rate;
};

/// The number of the table's last tensor whose blocks begin at or before this one.
template <class Tensor>
DEVICE int tensor_of_block(const Tensor (&tensors)[kTableTensors], int count) {
  int block = blockIdx.x, low = 0;
  for (int step = kTableTensors / 2; step > 0; step /= 2)
    if (low + step < count && tensors[low + step].first_block <= block) low += step;
  return low;
}

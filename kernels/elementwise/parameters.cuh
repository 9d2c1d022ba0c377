// Parameter blocks of the elementwise kernels, as the launch code fills them
// (src/Engine/Backends/Cuda/CudaSingles.Elementwise.cs, .Unary.cs, .Conversion.cs).
#pragma once
#include "common/philox.cuh"

/// y = function(a, b, scale, offset); what is used depends on the kernel. y may be a or b.
struct ElementwiseParameters {
  const float* a;
  const float* b;
  float* y;
  long long count;
  float scale, offset;
  DropoutMask dropout;
};

/// y = dropout(branch) + shortcut, whose channels start at `margin` among zeros.
struct ResidualParameters {
  const float* shortcut;
  const float* branch;
  float* y;
  long long count;
  DropoutMask dropout;
  int channels, shortcut_channels, margin;
};

/// Copies `channels` channels per position.
struct CopyChannelsParameters {
  const float* x;
  float* y;
  long long count;
  int channels, x_channels, x_start, y_channels, y_start;
};

/// y = x in another type; which types depends on the kernel.
struct ConvertParameters {
  const void* x;
  void* y;
  long long count;
};

/// y = the low bits of `bits` everywhere.
struct StorageFillParameters {
  void* y;
  long long count;
  uint32_t bits;
};

// Parameter blocks of the elementwise kernels, as the launch code fills them
// (src/Engine/Backends/Cuda/CudaSingles.Elementwise.cs, .Unary.cs, .Conversion.cs).
#pragma once
#include "common/channel_sweep.cuh"

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
  DropoutMask dropout;
  ChannelSweep sweep;
  int shortcut_channels, margin;
};

/// Copies the channels of a sweep, which are some of those of x and y.
struct CopyChannelsParameters {
  const float* x;
  float* y;
  ChannelSweep sweep;
  int x_channels, x_start, y_channels, y_start;
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

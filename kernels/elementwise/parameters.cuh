// Parameter blocks of the elementwise kernels, as the launch code fills them
// (src/Engine/Backends/Cuda/CudaSingles.Elementwise.cs, .Dropout.cs, .Unary.cs, .Conversion.cs).
#pragma once
#include "common/channel_sweep.cuh"

/// y = function(a, b, scale, offset); what is used depends on the kernel. y may be a or b. Sums are also of bfloat16.
struct ElementwiseParameters {
  const float* a;
  const float* b;
  float* y;
  long long count;
  float scale, offset;
};

/// A mask to draw: element i is kept when lane i mod 8 of Philox block i / 8 is below the threshold, of 65536.
struct MaskToDraw {
  uint32_t* bits;  // element i is bit i mod 32 of word i / 32
  long long words;
  uint64_t seed, stream;
  uint32_t threshold;
};

/// Several masks in one launch: the block of parameters stays below CUDA's 4 KB.
struct MaskTable {
  MaskToDraw masks[64];
  const uint64_t* stream_offset;  // added to all streams, for launches that a graph replays; null for 0
};

/// y = dropout(x). y may be x.
struct DropoutParameters {
  const void* x;
  void* y;
  long long count;
  DropoutMask mask;
};

/// y = dropout(branch) + shortcut, whose channels start at `margin` among zeros.
struct ResidualParameters {
  const float* shortcut;
  const void* branch;
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

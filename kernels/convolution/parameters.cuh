// Parameter blocks of the convolution kernels, as the launch code fills them (src/Engine/Backends/Cuda/Convolution).
#pragma once
#include "common/channel_sweep.cuh"
#include "common/input_transform.cuh"

struct Size3 {
  int depth, height, width;

  DEVICE int count() const { return depth * height * width; }
  DEVICE Size3 operator+(const Size3& other) const { return {depth + other.depth, height + other.height, width + other.width}; }
  DEVICE Size3 operator-(const Size3& other) const { return {depth - other.depth, height - other.height, width - other.width}; }
};

/// The box of positions that an operand has: convolution_operand writes it for the wgmma kernels in bf16, which read that instead
/// of the tensor it was made of. Layout: (samples, channels / 8, extent, 8), bfloat16, with the border around the image.
struct OperandLayout {
  Size3 from;  // input coordinate of the first position; negative where the border begins before the image
  Size3 extent;
};

/// operand = transform(x) with a border of mirror images or zeros; beyond mirror images there are zeros, too.
struct OperandParameters {
  const void* x;  // (samples, input, channels), float or bfloat16
  void* operand;
  InputTransform transform;
  int symmetric, x_bfloat16;
  Size3 input;
  OperandLayout layout;
  ChannelSweep sweep;  // over the operand's positions
};

/// Forward and data-gradient convolutions in one form, a gather: for every position i of the grid `count`,
/// y[start + i * output_step] = (y +) bias + sum over taps t of transform(x)[i * input_step + tap_base + t * tap_step] *
/// weights[t]. Layouts: x (samples, input, channels), y (samples, output, outputs), both dense, float or bfloat16. y is rounded
/// to bfloat16 (to nearest even) as it is stored; its moments are those of the floats before that.
struct GatherParameters {
  const void* x;
  const void* weights;  // packed, see PackParameters
  const float* bias;    // (outputs), or null
  void* y;
  float* moments;  // (samples, tiles, 4, outputs): MomentRecord of dropout(y) per tile; or null
  InputTransform transform;
  DropoutMask moments_dropout;
  int samples, channels, outputs;
  int symmetric;               // beyond the border: the mirror image instead of zeros
  int accumulate;              // y is added to instead of overwritten
  int x_bfloat16, y_bfloat16;  // how they are stored
  Size3 input, output, count, start, output_step, input_step;
  Size3 taps, tap_base, tap_step;
  Size3 tile, tiles;      // grid positions per block (at most 128, of wgmma 256) and tiles per axis
  Size3 halo;             // input positions that one tile reads
  int chunk;              // input channels per pass over the taps
  OperandLayout operand;  // of data gradients on wgmma in bf16: x is an operand with every tile's halo, or else this is zero
};

/// Several gathers of the same samples in one launch: the block of parameters stays below CUDA's 4 KB.
struct GatherTable {
  GatherParameters gathers[6];
};

/// Rearranges weights (kernel, inputs, outputs), or (kernel, outputs, inputs) if transposed, into the order in which the gather
/// kernels read them: per output tile, per chunk of input channels, per tap. Missing channels are zero. For SIMT: [chunk
/// channel][tile output] floats. For MMA: [part][chunk channel / 8][tile output][8] bfloat16.
struct PackParameters {
  const float* weights;
  void* packed;
  int inputs, outputs, transposed;
  Size3 kernel, taps, weight_base, weight_step;  // tap t has the weights of kernel position weight_base + t * weight_step
  int chunk, chunks, tile, tiles;
};

/// Several packings in one launch: the block of parameters stays below CUDA's 4 KB.
struct PackTable {
  PackParameters packings[40];
};

/// How the threads of a block fill planes of eight channels over a box of positions.
struct PlaneFill {
  int planes, pitch;  // and positions from one plane to the next
  int positions;      // those beyond the box are zeros
  int together;       // positions that all threads fill at a time
};

/// gw[t, c, k] = sum over samples and output positions o of transform(x)[o * stride + t * dilation - pad, c] * gy[o, k].
struct WeightGradientParameters {
  const void* x;  // float or bfloat16, both
  const void* gy;
  float* partial;  // (splits, kernel, channels, outputs); the gradient itself where there is one split
  InputTransform transform;
  int samples, channels, outputs;
  int symmetric;
  int x_bfloat16, gy_bfloat16;  // how they are stored
  Size3 input, output, kernel, stride, dilation, pad;
  int channel_tiles, output_tiles;
  int positions_per_split;  // of the simt kernels
  // Of the tensor-core kernels, which walk over tiles of output positions, counted over all samples:
  Size3 tile, tiles, halo;  // positions per tile, tiles per axis, input positions that the taps of a block read for a tile
  int tiles_per_split;
  int tiles_per_sum;  // of the wgmma kernels
  // Of the mma kernels:
  Size3 taps;    // of a block, per axis; each divides the kernel's
  int folded;    // pairs of tap and channel are channels of their own, of a convolution with one tap
  int row_bits;  // 2^row_bits warps have different rows of the product; those with the same have other positions
  PlaneFill x_fill, gy_fill;
  // Of the wgmma kernels in bf16, whose x and gy are operands. That of x has every tile's halo, that of gy every tile:
  OperandLayout x_operand, gy_operand;
};

/// sums[i] = the sum of partial[split, i] over the splits: of each residue modulo `slices` in order, and then of those.
struct SumSplitsParameters {
  const float* partial;
  float* sums;
  long long count;
  int splits, slices;  // slices: threads that share an element, a divisor of 256
};

/// Positions `from` to `from + size`.
struct PositionBox {
  Size3 from, size;
};

/// The rest of the adjoint of symmetric padding: adds to gx[i] the sum of padded[j] over all positions j of the padding that
/// mirror to i.
struct FoldParameters {
  const float* padded;
  float* gx;
  int samples, channels;
  Size3 input, pad_before, padded_size;
  PositionBox boxes[6];  // of the image, without overlap: all positions that have mirror images; blockIdx.y is the box
};

// Weights in the order in which the gather kernels read them, so that a stage is one contiguous copy.
#include "common/bfloat16.cuh"
#include "common/digit_walk.cuh"
#include "convolution/parameters.cuh"

namespace {

/// Runs of packed weights: of one output and tap, `chunk / planes` neighbouring input channels. They are counted by output within
/// the tile, plane, tap, chunk and output tile, the first the fastest.
struct PackedRuns {
  const PackParameters& p;
  int planes;
  long long count, index, step;
  DigitWalk<6> walk;  // output in the tile, plane, width, height and depth of the tap, chunk

  DEVICE PackedRuns(const PackParameters& p, int planes)
      : p(p),
        planes(planes),
        count(static_cast<long long>(p.tiles) * p.chunks * p.taps.count() * planes * p.tile),
        index(blockIdx.x * 256ll + threadIdx.x),
        step(gridDim.x * 256ll),
        walk(index, step, {p.tile, planes, p.taps.width, p.taps.height, p.taps.depth, p.chunks}) {}

  DEVICE bool more() const { return index < count; }
  DEVICE void advance() {
    index += step;
    walk.advance();
  }

  /// The run among those of its tap.
  DEVICE int within_tap() const { return walk.digits[1] * p.tile + walk.digits[0]; }

  /// The weights of the run; zeros beyond the last channels.
  template <int Count>
  DEVICE void read(float (&values)[Count]) const {
    int output = static_cast<int>(walk.quotient) * p.tile + walk.digits[0],
        input = walk.digits[5] * p.chunk + walk.digits[1] * Count;
    int depth = p.weight_base.depth + walk.digits[4] * p.weight_step.depth,
        height = p.weight_base.height + walk.digits[3] * p.weight_step.height,
        width = p.weight_base.width + walk.digits[2] * p.weight_step.width;
    long long position = (static_cast<long long>(depth) * p.kernel.height + height) * p.kernel.width + width;
    const float* source = p.weights + (p.transposed ? (position * p.outputs + output) * p.inputs + input
                                                    : (position * p.inputs + input) * p.outputs + output);
    int pitch = p.transposed ? 1 : p.outputs;
#pragma unroll
    for (int i = 0; i < Count; i++) values[i] = output < p.outputs && input + i < p.inputs ? source[i * pitch] : 0.0f;
  }
};

/// One thread per output, tap and eight input channels.
template <int Parts>
DEVICE void pack_bfloat16_weights(const PackParameters& p) {
  int planes = p.chunk / 8, plane_runs = planes * p.tile;
  for (PackedRuns runs(p, planes); runs.more(); runs.advance()) {
    float values[8];
    runs.read(values);
    uint4 parts[Parts];
    split_bfloat16(values, parts);
    // A tap's parts lie one behind the other.
    uint4* target = static_cast<uint4*>(p.packed) + (runs.index - runs.within_tap()) * Parts + runs.within_tap();
#pragma unroll
    for (int part = 0; part < Parts; part++) target[part * plane_runs] = parts[part];
  }
}

DEVICE void pack_float_weights(const PackParameters& p) {
  for (PackedRuns runs(p, p.chunk); runs.more(); runs.advance()) {
    float value[1];
    runs.read(value);
    static_cast<float*>(p.packed)[runs.index] = value[0];
  }
}

}  // namespace

KERNEL(convolution_pack_simt, 256, PackParameters) { pack_float_weights(p); }
KERNEL(convolution_pack_bf16, 256, PackParameters) { pack_bfloat16_weights<1>(p); }
KERNEL(convolution_pack_bf16x3, 256, PackParameters) { pack_bfloat16_weights<2>(p); }
KERNEL(convolution_pack_bf16x6, 256, PackParameters) { pack_bfloat16_weights<3>(p); }

// blockIdx.y is the packing.
KERNEL(convolution_pack_many_simt, 256, PackTable) { pack_float_weights(p.packings[blockIdx.y]); }
KERNEL(convolution_pack_many_bf16, 256, PackTable) { pack_bfloat16_weights<1>(p.packings[blockIdx.y]); }
KERNEL(convolution_pack_many_bf16x3, 256, PackTable) { pack_bfloat16_weights<2>(p.packings[blockIdx.y]); }
KERNEL(convolution_pack_many_bf16x6, 256, PackTable) { pack_bfloat16_weights<3>(p.packings[blockIdx.y]); }

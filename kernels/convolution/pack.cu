// Weights in the order in which the gather kernels read them, so that a stage is one contiguous copy.
#include "common/bfloat16.cuh"
#include "convolution/parameters.cuh"

namespace {

/// The weight of a tap between two channels; zero beyond the last.
DEVICE float weight_at(const PackParameters& p, int tap, int input, int output) {
  if (input >= p.inputs || output >= p.outputs) return 0.0f;
  int depth = p.weight_base.depth + tap / (p.taps.height * p.taps.width) * p.weight_step.depth;
  int height = p.weight_base.height + tap / p.taps.width % p.taps.height * p.weight_step.height;
  int width = p.weight_base.width + tap % p.taps.width * p.weight_step.width;
  long long position = (static_cast<long long>(depth) * p.kernel.height + height) * p.kernel.width + width;
  return p.transposed ? p.weights[(position * p.outputs + output) * p.inputs + input]
                      : p.weights[(position * p.inputs + input) * p.outputs + output];
}

/// Where a run of packed weights belongs.
struct PackedRun {
  int output, tap, input;

  /// Run number `index` of runs that are counted by output tile, chunk, tap, `planes` per chunk and output within the tile.
  DEVICE PackedRun(const PackParameters& p, long long index, int planes) {
    int within = static_cast<int>(index % p.tile);
    index /= p.tile;
    int plane = static_cast<int>(index % planes);
    index /= planes;
    tap = static_cast<int>(index % p.taps.count());
    index /= p.taps.count();
    input = static_cast<int>(index % p.chunks) * p.chunk + plane * (p.chunk / planes);
    output = static_cast<int>(index / p.chunks) * p.tile + within;
  }
};

/// One thread per output, tap and eight input channels.
template <int Parts>
DEVICE void pack_bfloat16_weights(const PackParameters& p) {
  int planes = p.chunk / 8;
  long long runs = static_cast<long long>(p.tiles) * p.chunks * p.taps.count() * planes * p.tile;
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < runs; i += gridDim.x * 256ll) {
    PackedRun run(p, i, planes);
    float values[8];
#pragma unroll
    for (int j = 0; j < 8; j++) values[j] = weight_at(p, run.tap, run.input + j, run.output);
    uint4 parts[Parts];
    split_bfloat16(values, parts);
    long long plane_runs = static_cast<long long>(planes) * p.tile, tap = i / plane_runs, within = i % plane_runs;
#pragma unroll
    for (int part = 0; part < Parts; part++)
      static_cast<uint4*>(p.packed)[(tap * Parts + part) * plane_runs + within] = parts[part];
  }
}

DEVICE void pack_float_weights(const PackParameters& p) {
  long long weights = static_cast<long long>(p.tiles) * p.chunks * p.taps.count() * p.chunk * p.tile;
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < weights; i += gridDim.x * 256ll) {
    PackedRun run(p, i, p.chunk);
    static_cast<float*>(p.packed)[i] = weight_at(p, run.tap, run.input, run.output);
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

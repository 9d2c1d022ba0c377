// gx: the adjoint of the forward convolution for its input, and so the transposed convolution. One gather per residue of the
// stride, over the taps that reach it. With symmetric padding, strips of the padded positions around the image are gathered, too,
// and added to what they mirror.
#include "common/digit_walk.cuh"
#include "convolution/gather_mma.cuh"
#include "convolution/gather_simt.cuh"
#ifdef HAS_WARPGROUP_MATRICES
#include "convolution/gather_wgmma.cuh"
#endif

KERNEL(convolution_backward_data_simt_16, SimtGather<16>::kThreads, GatherParameters) { SimtGather<16>::run(p); }
KERNEL(convolution_backward_data_simt_64, SimtGather<64>::kThreads, GatherParameters) { SimtGather<64>::run(p); }

KERNEL(convolution_backward_data_bf16_16, 128, GatherParameters) { MmaGather<16, 1>::run(p); }
KERNEL(convolution_backward_data_bf16_64, 128, GatherParameters) { MmaGather<64, 1>::run(p); }
KERNEL(convolution_backward_data_bf16x3_16, 128, GatherParameters) { MmaGather<16, 2>::run(p); }
KERNEL(convolution_backward_data_bf16x3_64, 128, GatherParameters) { MmaGather<64, 2>::run(p); }
KERNEL(convolution_backward_data_bf16x6_16, 128, GatherParameters) { MmaGather<16, 3>::run(p); }
KERNEL(convolution_backward_data_bf16x6_32, 128, GatherParameters) { MmaGather<32, 3>::run(p); }

// Of up to so many channels.
KERNEL(convolution_backward_data_bf16_c8_16, 128, GatherParameters) { MmaGather<16, 1, 8>::run(p); }
KERNEL(convolution_backward_data_bf16_c8_64, 128, GatherParameters) { MmaGather<64, 1, 8>::run(p); }
KERNEL(convolution_backward_data_bf16_c16_16, 128, GatherParameters) { MmaGather<16, 1, 16>::run(p); }
KERNEL(convolution_backward_data_bf16_c16_64, 128, GatherParameters) { MmaGather<64, 1, 16>::run(p); }
KERNEL(convolution_backward_data_bf16x3_c8_16, 128, GatherParameters) { MmaGather<16, 2, 8>::run(p); }
KERNEL(convolution_backward_data_bf16x3_c8_64, 128, GatherParameters) { MmaGather<64, 2, 8>::run(p); }
KERNEL(convolution_backward_data_bf16x3_c16_16, 128, GatherParameters) { MmaGather<16, 2, 16>::run(p); }
KERNEL(convolution_backward_data_bf16x3_c16_64, 128, GatherParameters) { MmaGather<64, 2, 16>::run(p); }
KERNEL(convolution_backward_data_bf16x6_c8_16, 128, GatherParameters) { MmaGather<16, 3, 8>::run(p); }
KERNEL(convolution_backward_data_bf16x6_c8_32, 128, GatherParameters) { MmaGather<32, 3, 8>::run(p); }

namespace {

/// blockIdx.z is the gather and the sample, the sample the faster. Gathers with fewer tiles leave blocks without work.
template <class Gather>
DEVICE void run_many(const GatherTable& p) {
  int tile = blockIdx.x, index = blockIdx.z, samples = p.gathers[0].samples, gather = index / samples;
  if (tile < p.gathers[gather].tiles.count()) Gather::run(p.gathers[gather], index - gather * samples);
}

}  // namespace

KERNEL(convolution_backward_data_many_simt_16, SimtGather<16>::kThreads, GatherTable) { run_many<SimtGather<16>>(p); }
KERNEL(convolution_backward_data_many_simt_64, SimtGather<64>::kThreads, GatherTable) { run_many<SimtGather<64>>(p); }
KERNEL(convolution_backward_data_many_bf16_16, 128, GatherTable) { run_many<MmaGather<16, 1>>(p); }
KERNEL(convolution_backward_data_many_bf16_64, 128, GatherTable) { run_many<MmaGather<64, 1>>(p); }
KERNEL(convolution_backward_data_many_bf16x3_16, 128, GatherTable) { run_many<MmaGather<16, 2>>(p); }
KERNEL(convolution_backward_data_many_bf16x3_64, 128, GatherTable) { run_many<MmaGather<64, 2>>(p); }
KERNEL(convolution_backward_data_many_bf16x6_16, 128, GatherTable) { run_many<MmaGather<16, 3>>(p); }
KERNEL(convolution_backward_data_many_bf16x6_32, 128, GatherTable) { run_many<MmaGather<32, 3>>(p); }

#ifdef HAS_WARPGROUP_MATRICES
CLUSTER_KERNEL(convolution_backward_data_wgmma_bf16_32, 384, 2, GatherParameters) { WgmmaGather<32, 1, true>::run(p); }
CLUSTER_KERNEL(convolution_backward_data_wgmma_bf16_64, 384, 2, GatherParameters) { WgmmaGather<64, 1, true>::run(p); }
CLUSTER_KERNEL(convolution_backward_data_wgmma_bf16_128, 384, 2, GatherParameters) { WgmmaGather<128, 1, true>::run(p); }
CLUSTER_KERNEL(convolution_backward_data_wgmma_bf16x3_32, 384, 2, GatherParameters) { WgmmaGather<32, 2>::run(p); }
CLUSTER_KERNEL(convolution_backward_data_wgmma_bf16x3_64, 384, 2, GatherParameters) { WgmmaGather<64, 2>::run(p); }
CLUSTER_KERNEL(convolution_backward_data_wgmma_bf16x3_128, 384, 2, GatherParameters) { WgmmaGather<128, 2>::run(p); }
CLUSTER_KERNEL(convolution_backward_data_wgmma_bf16x6_32, 384, 2, GatherParameters) { WgmmaGather<32, 3>::run(p); }
CLUSTER_KERNEL(convolution_backward_data_wgmma_bf16x6_64, 384, 2, GatherParameters) { WgmmaGather<64, 3>::run(p); }
CLUSTER_KERNEL(convolution_backward_data_wgmma_bf16x6_128, 384, 2, GatherParameters) { WgmmaGather<128, 3>::run(p); }
#endif

namespace {

/// The padded position along one axis that is image number `image` of `i`: itself, or its mirror image before or behind the
/// border; -1 where that is not padded.
DEVICE int mirror_image(int i, int image, int extent, int before, int padded) {
  int position = image == 0 ? before + i : image == 1 ? before - 1 - i : before + 2 * extent - 1 - i;
  return position < padded ? position : -1;
}

}  // namespace

KERNEL(convolution_fold, 256, FoldParameters) {
  const PositionBox& box = p.boxes[blockIdx.y];
  long long elements = static_cast<long long>(p.samples) * box.size.count() * p.channels,
            first = blockIdx.x * 256ll + threadIdx.x, step = gridDim.x * 256ll;
  DigitWalk<4> walk(first, step, {p.channels, box.size.width, box.size.height, box.size.depth});
  for (long long i = first; i < elements; i += step, walk.advance()) {
    Size3 at = box.from + Size3{walk.digits[3], walk.digits[2], walk.digits[1]};
    const float* padded = p.padded + walk.quotient * p.padded_size.count() * p.channels + walk.digits[0];
    float sum = 0;
    for (int z = 0; z < 3; z++) {
      int depth = mirror_image(at.depth, z, p.input.depth, p.pad_before.depth, p.padded_size.depth);
      if (depth < 0) continue;
      for (int y = 0; y < 3; y++) {
        int height = mirror_image(at.height, y, p.input.height, p.pad_before.height, p.padded_size.height);
        if (height < 0) continue;
        for (int x = z + y == 0 ? 1 : 0; x < 3; x++) {  // the position itself is none of the padding
          int width = mirror_image(at.width, x, p.input.width, p.pad_before.width, p.padded_size.width);
          if (width < 0) continue;
          sum += padded
              [((static_cast<long long>(depth) * p.padded_size.height + height) * p.padded_size.width + width) * p.channels];
        }
      }
    }
    p
        .gx[(walk.quotient * p.input.count() + (at.depth * p.input.height + at.height) * p.input.width + at.width) * p.channels +
            walk.digits[0]] += sum;
  }
}

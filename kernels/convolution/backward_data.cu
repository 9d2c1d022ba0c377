// gx: the adjoint of the forward convolution for its input, and so the transposed convolution. One gather per residue of the stride, over the taps that reach it;
// symmetric padding by a gather over the padded image and a fold.
#include "convolution/gather_mma.cuh"
#include "convolution/gather_simt.cuh"

KERNEL(convolution_backward_data_simt_16, SimtGather<16>::kThreads, GatherParameters) { SimtGather<16>::run(p); }
KERNEL(convolution_backward_data_simt_64, SimtGather<64>::kThreads, GatherParameters) { SimtGather<64>::run(p); }

KERNEL(convolution_backward_data_bf16_16, 128, GatherParameters) { MmaGather<16, 1>::run(p); }
KERNEL(convolution_backward_data_bf16_64, 128, GatherParameters) { MmaGather<64, 1>::run(p); }
KERNEL(convolution_backward_data_bf16x3_16, 128, GatherParameters) { MmaGather<16, 2>::run(p); }
KERNEL(convolution_backward_data_bf16x3_64, 128, GatherParameters) { MmaGather<64, 2>::run(p); }
KERNEL(convolution_backward_data_bf16x6_16, 128, GatherParameters) { MmaGather<16, 3>::run(p); }
KERNEL(convolution_backward_data_bf16x6_32, 128, GatherParameters) { MmaGather<32, 3>::run(p); }

namespace {

/// Padded positions along one axis that mirror to `i`: itself, and one beyond each border that is close enough.
struct Mirrored {
  int positions[3];
  int count;

  DEVICE Mirrored(int i, int extent, int before, int padded) : positions{before + i, 0, 0}, count(1) {
    if (i < before) positions[count++] = before - 1 - i;
    int behind = before + 2 * extent - 1 - i;
    if (behind < padded) positions[count++] = behind;
  }
};

}  // namespace

KERNEL(convolution_fold, 256, FoldParameters) {
  long long elements = static_cast<long long>(p.samples) * p.input.count() * p.channels;
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < elements; i += gridDim.x * 256ll) {
    int channel = static_cast<int>(i % p.channels);
    long long position = i / p.channels;
    Size3 at = unflatten(static_cast<int>(position % p.input.count()), p.input);
    const float* padded = p.padded + position / p.input.count() * p.padded_size.count() * p.channels + channel;
    Mirrored depth(at.depth, p.input.depth, p.pad_before.depth, p.padded_size.depth);
    Mirrored height(at.height, p.input.height, p.pad_before.height, p.padded_size.height);
    Mirrored width(at.width, p.input.width, p.pad_before.width, p.padded_size.width);
    float sum = 0;
    for (int d = 0; d < depth.count; d++)
      for (int h = 0; h < height.count; h++)
        for (int w = 0; w < width.count; w++)
          sum += padded[((static_cast<long long>(depth.positions[d]) * p.padded_size.height + height.positions[h]) * p.padded_size.width + width.positions[w]) * p.channels];
    p.gx[i] = sum;
  }
}

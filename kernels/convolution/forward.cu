// y = transform(x) * w + bias, with statistics of y for the next normalization. Any stride, dilation and padding, 2D and 3D.
#include "convolution/gather_mma.cuh"
#include "convolution/gather_simt.cuh"
#ifdef HAS_WARPGROUP_MATRICES
#include "convolution/gather_wgmma.cuh"
#endif

KERNEL(convolution_forward_simt_16, SimtGather<16>::kThreads, GatherParameters) { SimtGather<16>::run(p); }
KERNEL(convolution_forward_simt_64, SimtGather<64>::kThreads, GatherParameters) { SimtGather<64>::run(p); }

KERNEL(convolution_forward_bf16_16, 128, GatherParameters) { MmaGather<16, 1>::run(p); }
KERNEL(convolution_forward_bf16_64, 128, GatherParameters) { MmaGather<64, 1>::run(p); }
KERNEL(convolution_forward_bf16x3_16, 128, GatherParameters) { MmaGather<16, 2>::run(p); }
KERNEL(convolution_forward_bf16x3_64, 128, GatherParameters) { MmaGather<64, 2>::run(p); }
KERNEL(convolution_forward_bf16x6_16, 128, GatherParameters) { MmaGather<16, 3>::run(p); }
KERNEL(convolution_forward_bf16x6_32, 128, GatherParameters) { MmaGather<32, 3>::run(p); }

// Of up to so many channels.
KERNEL(convolution_forward_bf16_c8_16, 128, GatherParameters) { MmaGather<16, 1, 8>::run(p); }
KERNEL(convolution_forward_bf16_c8_64, 128, GatherParameters) { MmaGather<64, 1, 8>::run(p); }
KERNEL(convolution_forward_bf16_c16_16, 128, GatherParameters) { MmaGather<16, 1, 16>::run(p); }
KERNEL(convolution_forward_bf16_c16_64, 128, GatherParameters) { MmaGather<64, 1, 16>::run(p); }
KERNEL(convolution_forward_bf16x3_c8_16, 128, GatherParameters) { MmaGather<16, 2, 8>::run(p); }
KERNEL(convolution_forward_bf16x3_c8_64, 128, GatherParameters) { MmaGather<64, 2, 8>::run(p); }
KERNEL(convolution_forward_bf16x3_c16_16, 128, GatherParameters) { MmaGather<16, 2, 16>::run(p); }
KERNEL(convolution_forward_bf16x3_c16_64, 128, GatherParameters) { MmaGather<64, 2, 16>::run(p); }
KERNEL(convolution_forward_bf16x6_c8_16, 128, GatherParameters) { MmaGather<16, 3, 8>::run(p); }
KERNEL(convolution_forward_bf16x6_c8_32, 128, GatherParameters) { MmaGather<32, 3, 8>::run(p); }

#ifdef HAS_WARPGROUP_MATRICES
CLUSTER_KERNEL(convolution_forward_wgmma_bf16_32, 384, 2, GatherParameters) { WgmmaGather<32, 1>::run(p); }
CLUSTER_KERNEL(convolution_forward_wgmma_bf16_64, 384, 2, GatherParameters) { WgmmaGather<64, 1>::run(p); }
CLUSTER_KERNEL(convolution_forward_wgmma_bf16_128, 384, 2, GatherParameters) { WgmmaGather<128, 1>::run(p); }
CLUSTER_KERNEL(convolution_forward_wgmma_bf16x3_32, 384, 2, GatherParameters) { WgmmaGather<32, 2>::run(p); }
CLUSTER_KERNEL(convolution_forward_wgmma_bf16x3_64, 384, 2, GatherParameters) { WgmmaGather<64, 2>::run(p); }
CLUSTER_KERNEL(convolution_forward_wgmma_bf16x3_128, 384, 2, GatherParameters) { WgmmaGather<128, 2>::run(p); }
CLUSTER_KERNEL(convolution_forward_wgmma_bf16x6_32, 384, 2, GatherParameters) { WgmmaGather<32, 3>::run(p); }
CLUSTER_KERNEL(convolution_forward_wgmma_bf16x6_64, 384, 2, GatherParameters) { WgmmaGather<64, 3>::run(p); }
CLUSTER_KERNEL(convolution_forward_wgmma_bf16x6_128, 384, 2, GatherParameters) { WgmmaGather<128, 3>::run(p); }
#endif

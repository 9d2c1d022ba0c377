// Outputs in the order of tensor cores, of which the four lanes of a quad have two channels each of every eight, as y stores
// them.
#pragma once
#include "convolution/parameters.cuh"

/// Stores a thread's outputs as bfloat16, of a multiple of eight channels, or adds them to what is there: then `value` is the
/// sum. `y`: the sample's first element; `elements`: the positions' first elements in the sample, or -1; `channels`: how many
/// there are from there on; `value(i, j)`: the output at the i-th position and j-th channel of the thread. Of two runs of eight
/// channels neighbouring lanes trade a half each, so that a quad stores 32 bytes side by side, a whole sector.
template <int Positions, int Runs, class Value>
DEVICE void store_bfloat16_by_quads(BFloat16* y, const int (&elements)[Positions], int channels, int accumulate, Value value) {
  int lane = threadIdx.x % 32;
  bool odd = lane % 2 != 0;
  if (accumulate) {
#pragma unroll
    for (int run = 0; run < Runs; run++) {
      int channel = run * 8 + lane % 4 * 2;
#pragma unroll
      for (int i = 0; i < Positions; i++) {
        if (elements[i] < 0 || channel >= channels) continue;
        uint32_t before = *reinterpret_cast<const uint32_t*>(y + elements[i] + channel);
        value(i, run * 2) += bfloat16_low(before);
        value(i, run * 2 + 1) += bfloat16_high(before);
      }
    }
    __syncwarp();  // another lane stores what this one has read
  }
#pragma unroll
  for (int run = 0; run < Runs; run += 2) {
    int channel = (run + lane % 2) * 8 + lane % 4 / 2 * 4;
#pragma unroll
    for (int i = 0; i < Positions; i++) {
      uint32_t first = pack_bfloat16(value(i, run * 2), value(i, run * 2 + 1)),
               second = pack_bfloat16(value(i, run * 2 + 2), value(i, run * 2 + 3)), kept = odd ? second : first,
               received = __shfl_xor_sync(0xffffffffu, odd ? first : second, 1);
      if (elements[i] >= 0 && channel < channels)
        *reinterpret_cast<uint2*>(y + elements[i] + channel) = odd ? make_uint2(received, kept) : make_uint2(kept, received);
    }
  }
}

// Dropout masks, drawn as bits once for all their readers, and dropout in a pass of its own.
#include "common/philox.cuh"
#include "elementwise/parameters.cuh"

namespace {

/// Eight lanes of 16 bits, low half of each word first; bit i tells whether lane i is below the threshold.
DEVICE uint32_t draw_eight(const MaskToDraw& mask, uint64_t stream, uint64_t block) {
  uint4 words = philox(
      static_cast<uint32_t>(mask.seed), static_cast<uint32_t>(mask.seed >> 32), static_cast<uint32_t>(block),
      static_cast<uint32_t>(block >> 32), static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32));
  uint32_t lanes[4] = {words.x, words.y, words.z, words.w}, bits = 0;
#pragma unroll
  for (int i = 0; i < 8; i++) bits |= ((lanes[i / 2] >> (i % 2 * 16) & 0xffffu) < mask.threshold ? 1u : 0u) << i;
  return bits;
}

}  // namespace

/// Block row b draws mask b of the table.
KERNEL(dropout_masks, 256, MaskTable) {
  const MaskToDraw& mask = p.masks[blockIdx.y];
  uint64_t stream = mask.stream + (p.stream_offset == nullptr ? 0 : *p.stream_offset);
  for (long long word = blockIdx.x * 256ll + threadIdx.x; word < mask.words; word += gridDim.x * 256ll) {
    uint32_t bits = 0;
#pragma unroll
    for (int i = 0; i < 4; i++) bits |= draw_eight(mask, stream, 4 * word + i) << (8 * i);
    mask.bits[word] = bits;
  }
}

namespace {

/// `Width` elements at a time, of whose number theirs is a multiple.
template <int Width, class X, class Y>
DEVICE void drop(const DropoutParameters& p) {
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count / Width; i += gridDim.x * 256ll) {
    float values[Width];
    load(values, static_cast<const X*>(p.x) + Width * i);
    uint32_t kept = Width == 8 ? p.mask.kept_eight(i) : p.mask.kept(i, 1);
#pragma unroll
    for (int j = 0; j < Width; j++) values[j] = p.mask.apply(kept, j, values[j]);
    store(static_cast<Y*>(p.y) + Width * i, values);
  }
}

}  // namespace

KERNEL(dropout, 256, DropoutParameters) { drop<1, float, float>(p); }
KERNEL(dropout_8, 256, DropoutParameters) { drop<8, float, float>(p); }
KERNEL(dropout_f32_bf16, 256, DropoutParameters) { drop<1, float, BFloat16>(p); }
KERNEL(dropout_f32_bf16_8, 256, DropoutParameters) { drop<8, float, BFloat16>(p); }
KERNEL(dropout_bf16_bf16, 256, DropoutParameters) { drop<1, BFloat16, BFloat16>(p); }
KERNEL(dropout_bf16_bf16_8, 256, DropoutParameters) { drop<8, BFloat16, BFloat16>(p); }

// What a convolution does to its input on load: dropout, normalization and leaky ReLU, so that none of them needs a pass of its
// own.
#pragma once
#include "common/dropout_mask.cuh"

/// leakyReLU(scale[sample, channel] * dropout(x) + shift[sample, channel]); without scale and shift x is taken as it is.
struct InputTransform {
  const float* scale;  // (samples, channels), or null
  const float* shift;
  float slope;
  DropoutMask dropout;

  DEVICE static InputTransform none() { return {nullptr, nullptr, 1.0f, DropoutMask::none()}; }

  DEVICE bool identity() const { return scale == nullptr && !dropout.active(); }

  /// One element, with the scale and shift of its channel.
  DEVICE float normalize(float value, float scale, float shift) const {
    value = value * scale + shift;
    return value < 0.0f ? value * slope : value;
  }
};

/// Reads `Count` neighbouring channels of one position through the transform; channels beyond the last are zero.
/// `Count` is a multiple of 4 and `channel` a multiple of 4.
template <int Count>
DEVICE void load_channels(
    float (&values)[Count], const float* x, long long position, int sample, int channel, int channels,
    const InputTransform& transform) {
  const float* source = x + position * channels + channel;
  if (channels % 4 == 0) {
#pragma unroll
    for (int i = 0; i < Count; i += 4) {
      float4 four = channel + i < channels ? *reinterpret_cast<const float4*>(source + i) : make_float4(0, 0, 0, 0);
      values[i] = four.x;
      values[i + 1] = four.y;
      values[i + 2] = four.z;
      values[i + 3] = four.w;
    }
  } else {
#pragma unroll
    for (int i = 0; i < Count; i++) values[i] = channel + i < channels ? source[i] : 0.0f;
  }
  if (transform.identity()) return;
  uint32_t kept = transform.dropout.kept(position * channels + channel, Count);
  long long row = static_cast<long long>(sample) * channels + channel;
#pragma unroll
  for (int i = 0; i < Count; i++) {
    if (channel + i >= channels) break;
    values[i] = transform.dropout.apply(kept, i, values[i]);
    if (transform.scale == nullptr) continue;
    values[i] = transform.normalize(values[i], transform.scale[row + i], transform.shift[row + i]);
  }
}

// What a convolution does to its input on load: dropout, normalization and leaky ReLU, so that none of them needs a pass of its
// own.
#pragma once
#include "common/dropout_mask.cuh"
#include "common/vector_access.cuh"

/// An element after dropout with the scale and shift of its channel, and the leaky ReLU's slope.
DEVICE float normalize(float value, float scale, float shift, float slope) {
  value = value * scale + shift;
  return value < 0.0f ? value * slope : value;
}

/// leakyReLU(scale[sample, channel] * dropout(x) + shift[sample, channel]); without scale and shift x is taken as it is.
struct InputTransform {
  const float* scale;  // (samples, channels), or null
  const float* shift;
  float slope;
  DropoutMask dropout;

  DEVICE static InputTransform none() { return {nullptr, nullptr, 1.0f, DropoutMask::none()}; }

  DEVICE bool identity() const { return scale == nullptr && !dropout.active(); }
};

/// What a transform does to `Count` neighbouring channels of a sample. What belongs to the channels is read once, and which steps
/// there are is known to the compiler, so that a loop over positions has no branch for them.
template <int Count, bool Normalizes, bool Drops>
struct ChannelTransform {
  static constexpr bool kIdentity = !Normalizes && !Drops;

  const DropoutMask& dropout;
  float scale[Count], shift[Count], slope;

  DEVICE ChannelTransform(const InputTransform& transform, int sample, int channel, int channels) : dropout(transform.dropout) {
    if constexpr (!Normalizes) return;
    bool given = transform.scale != nullptr;
    slope = given ? transform.slope : 1.0f;
    const float *scales = transform.scale + static_cast<long long>(sample) * channels + channel,
                *shifts = transform.shift + static_cast<long long>(sample) * channels + channel;
    if (given && channels % 4 == 0 && channel + Count <= channels) {
      load(scale, scales);
      load(shift, shifts);
      return;
    }
#pragma unroll
    for (int i = 0; i < Count; i++) {
      bool exists = given && channel + i < channels;
      scale[i] = exists ? scales[i] : 1.0f;
      shift[i] = exists ? shifts[i] : 0.0f;
    }
  }

  /// Which of the elements from number `first` on, or of eight of them, are kept.
  DEVICE uint32_t kept(uint64_t first) const { return Drops ? dropout.kept(first, Count) : 0; }
  DEVICE uint32_t kept_in_block(uint64_t block) const { return Drops ? dropout.kept_in_block(block) : 0; }

  DEVICE void apply(float (&values)[Count], uint32_t kept) const {
#pragma unroll
    for (int i = 0; i < Count; i++) {
      float value = values[i];
      if constexpr (Drops) value = dropout.apply(kept, i, value);
      if constexpr (Normalizes) value = normalize(value, scale[i], shift[i], slope);
      values[i] = value;
    }
  }
};

/// Calls `use`, a function object (NVRTC takes generic lambdas for host functions), with the ChannelTransform of these channels.
/// Dropout without normalization has a scale of 1.
template <int Count, class Use>
DEVICE void with_channel_transform(const InputTransform& transform, int sample, int channel, int channels, const Use& use) {
  if (transform.identity()) use(ChannelTransform<Count, false, false>(transform, sample, channel, channels));
  else if (!transform.dropout.active()) use(ChannelTransform<Count, true, false>(transform, sample, channel, channels));
  else use(ChannelTransform<Count, true, true>(transform, sample, channel, channels));
}

/// Reads `Count` neighbouring channels, a multiple of 4, of which `existing` exist; the others are zero. `aligned`: whether they
/// lie on 16 bytes and exist four at a time.
template <int Count>
DEVICE void load_existing(float (&values)[Count], const float* source, int existing, bool aligned) {
  if (aligned) {
#pragma unroll
    for (int i = 0; i < Count; i += 4) {
      float4 four = i < existing ? *reinterpret_cast<const float4*>(source + i) : make_float4(0, 0, 0, 0);
      values[i] = four.x;
      values[i + 1] = four.y;
      values[i + 2] = four.z;
      values[i + 3] = four.w;
    }
  } else {
#pragma unroll
    for (int i = 0; i < Count; i++) values[i] = i < existing ? source[i] : 0.0f;
  }
}

/// Applies a transform to the channels of one position.
template <int Count>
struct ApplyTransform {
  float (&values)[Count];
  uint64_t first;  // number of the first element

  template <class Transform>
  DEVICE void operator()(const Transform& transform) const {
    transform.apply(values, transform.kept(first));
  }
};

/// Reads `Count` neighbouring channels of one position through the transform; channels beyond the last are zero.
/// `Count` is a multiple of 4 and `channel` a multiple of 4.
template <int Count>
DEVICE void load_channels(
    float (&values)[Count], const float* x, long long position, int sample, int channel, int channels,
    const InputTransform& transform) {
  load_existing(values, x + position * channels + channel, channels - channel, channels % 4 == 0);
  with_channel_transform<Count>(
      transform, sample, channel, channels, ApplyTransform<Count>{values, static_cast<uint64_t>(position * channels + channel)});
}

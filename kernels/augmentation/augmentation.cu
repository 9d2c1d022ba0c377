// Training samples varied as Backend.Augment says: resampled within their planes, and the moments of each volume; then the
// intensities of each volume by these moments. Every sum has an order that sizes fix.
#include "augmentation/parameters.cuh"
#include "common/digit_walk.cuh"
#include "common/philox.cuh"

namespace {

constexpr int kThreads = 256, kWarps = kThreads / 32, kSplineOrder = 3, kMoments = 4;

/// The numbers of the block's sample.
DEVICE const double* numbers_of(const AugmentationParameters& p) {
  int numbers = kSpatialNumbers + kStreamNumbers + p.volumes * kVolumeNumbers + 2 * p.control_points * p.control_points;
  return p.variation + static_cast<long long>(blockIdx.y) * numbers;
}

/// Of the intensities of a volume.
struct Moments {
  float minimum, maximum;
  double sum, squares;

  DEVICE void add(const Moments& other) {
    minimum = fminf(minimum, other.minimum);
    maximum = fmaxf(maximum, other.maximum);
    sum += other.sum;
    squares += other.squares;
  }

  DEVICE void add(float value) { add({value, value, value, static_cast<double>(value) * value}); }
};

DEVICE Moments no_moments() {
  constexpr float kGreatest = 3.402823466e38f;
  return {kGreatest, -kGreatest, 0, 0};
}

/// The moments of all threads of a block, in every thread.
DEVICE Moments block_moments(Moments moments, Moments* of_warps) {
#pragma unroll
  for (int flip = 16; flip > 0; flip /= 2)
    moments.add(
        {__shfl_xor_sync(0xffffffffu, moments.minimum, flip), __shfl_xor_sync(0xffffffffu, moments.maximum, flip),
         __shfl_xor_sync(0xffffffffu, moments.sum, flip), __shfl_xor_sync(0xffffffffu, moments.squares, flip)});
  if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32] = moments;
  __syncthreads();
  Moments all = of_warps[0];
#pragma unroll
  for (int warp = 1; warp < kWarps; warp++) all.add(of_warps[warp]);
  return all;
}

/// A uniform cubic B-spline along one axis: its weights, and the first of the control points that they are of.
struct Spline {
  float weights[kSplineOrder + 1];
  int first;

  DEVICE Spline(int position, int length, int control_points) {
    float along = static_cast<float>(position * (control_points - kSplineOrder)) / static_cast<float>(length);
    first = static_cast<int>(along);
    float t = along - static_cast<float>(first), rest = 1 - t;
    weights[0] = rest * rest * rest / 6;
    weights[1] = (3 * t * t * t - 6 * t * t + 4) / 6;
    weights[2] = (3 * rest * rest * rest - 6 * rest * rest + 4) / 6;
    weights[3] = t * t * t / 6;
  }
};

/// The values of a channel at a plane's pixels, and one value outside of it.
struct Plane {
  const float* pixels;
  int height, width, channels;
  float outside;

  DEVICE float at(int row, int column) const {
    return static_cast<unsigned>(row) < static_cast<unsigned>(height) &&
                   static_cast<unsigned>(column) < static_cast<unsigned>(width)
               ? pixels[(static_cast<long long>(row) * width + column) * channels]
               : outside;
  }

  /// Between pixels; the row and column are at most one before the first or behind the last.
  DEVICE float between(int row, int column, float down, float along) const {
    float upper_left = at(row, column), lower_left = at(row + 1, column);
    float upper = upper_left + along * (at(row, column + 1) - upper_left),
          lower = lower_left + along * (at(row + 1, column + 1) - lower_left);
    return upper + down * (lower - upper);
  }
};

/// Word `word` of the stream that a sample's noise is drawn from.
struct NoiseStream {
  uint32_t key0, key1, name1, name2, name3;

  DEVICE explicit NoiseStream(const double* numbers)
      : key0(static_cast<uint32_t>(numbers[0])),
        key1(static_cast<uint32_t>(numbers[1])),
        name1(static_cast<uint32_t>(numbers[2])),
        name2(static_cast<uint32_t>(numbers[3])),
        name3(static_cast<uint32_t>(numbers[4])) {}

  /// Box-Muller over words `word` and `word` + 1. As the angle is below 2 pi, cospif needs no reduction of large arguments.
  DEVICE float normal(uint32_t word) const {
    uint4 words = block(word / 4);
    uint32_t lane = word % 4, first = word_of(words, lane), second = lane == 3 ? block(word / 4 + 1).x : word_of(words, lane + 1);
    constexpr float kUnit = 1.0f / (1 << 24);
    return sqrtf(-2.0f * logf(1.0f - static_cast<float>(first >> 8) * kUnit)) *
           cospif(2.0f * static_cast<float>(second >> 8) * kUnit);
  }

 private:
  DEVICE static uint32_t word_of(const uint4& words, uint32_t lane) {
    uint32_t early = lane == 0 ? words.x : words.y, late = lane == 2 ? words.z : words.w;
    return lane < 2 ? early : late;
  }

  DEVICE uint4 block(uint32_t number) const { return philox(key0, key1, number, name1, name2, name3); }
};

}  // namespace

/// A block resamples a chunk of a sample's positions for one volume, the class map with the first, and leaves the moments.
KERNEL(augmentation_resample, 256, AugmentationParameters) {
  DYNAMIC_SHARED(shared);
  float* control_points = reinterpret_cast<float*>(shared);  // downwards, then rightwards
  SHARED_ARRAY(Moments, of_warps, kWarps);
  const double* numbers = numbers_of(p);
  int volume = blockIdx.z, slices = p.channels / p.volumes, points = p.control_points,
      volume_numbers = kSpatialNumbers + kStreamNumbers + volume * kVolumeNumbers,
      first_control_point = kSpatialNumbers + kStreamNumbers + p.volumes * kVolumeNumbers;
  for (int i = threadIdx.x; i < 2 * points * points; i += kThreads)
    control_points[i] = static_cast<float>(numbers[first_control_point + i]);
  __syncthreads();
  float row_per_row = static_cast<float>(numbers[0]), row_per_column = static_cast<float>(numbers[1]),
        row_shift = static_cast<float>(numbers[2]), column_per_row = static_cast<float>(numbers[3]),
        column_per_column = static_cast<float>(numbers[4]), column_shift = static_cast<float>(numbers[5]),
        outside = static_cast<float>(numbers[volume_numbers]);
  float centre_row = static_cast<float>(p.height - 1) * 0.5f, centre_column = static_cast<float>(p.width - 1) * 0.5f;
  int pixels = p.height * p.width, positions = p.depth * pixels, from = blockIdx.x * p.chunk,
      to = positions - from < p.chunk ? positions : from + p.chunk;
  long long sample = static_cast<long long>(blockIdx.y) * positions;
  Moments moments = no_moments();
  DigitWalk<2> walk(from + threadIdx.x, kThreads, {p.width, p.height});
  for (int position = from + threadIdx.x; position < to; position += kThreads, walk.advance()) {
    int row = walk.digits[1], column = walk.digits[0];
    float from_row = static_cast<float>(row) - centre_row, from_column = static_cast<float>(column) - centre_column;
    float source_row = centre_row + row_per_row * from_row + row_per_column * from_column + row_shift,
          source_column = centre_column + column_per_row * from_row + column_per_column * from_column + column_shift;
    if (points > 0) {
      Spline down(row, p.height, points), along(column, p.width, points);
      float downwards = 0, rightwards = 0;
#pragma unroll
      for (int i = 0; i <= kSplineOrder; i++)
#pragma unroll
        for (int j = 0; j <= kSplineOrder; j++) {
          int point = (down.first + i) * points + along.first + j;
          float weight = down.weights[i] * along.weights[j];
          downwards += weight * control_points[point];
          rightwards += weight * control_points[points * points + point];
        }
      source_row += downwards;
      source_column += rightwards;
    }
    float top = floorf(source_row), left = floorf(source_column);
    bool near = top >= -1.0f && left >= -1.0f && top < static_cast<float>(p.height) && left < static_cast<float>(p.width);
    long long plane = sample + walk.quotient * pixels;
    for (int slice = 0; slice < slices; slice++) {
      int channel = volume * slices + slice;
      Plane values{p.x + plane * p.channels + channel, p.height, p.width, p.channels, outside};
      float value =
          near ? values.between(static_cast<int>(top), static_cast<int>(left), source_row - top, source_column - left) : outside;
      p.y[(sample + position) * p.channels + channel] = value;
      moments.add(value);
    }
    if (volume == 0) {
      float nearest_row = floorf(source_row + 0.5f), nearest_column = floorf(source_column + 0.5f);
      bool inside = nearest_row >= 0 && nearest_column >= 0 && nearest_row < static_cast<float>(p.height) &&
                    nearest_column < static_cast<float>(p.width);
      p.varied_labels[sample + position] =
          inside ? p.labels[plane + static_cast<int>(nearest_row) * p.width + static_cast<int>(nearest_column)] : 0;
    }
  }
  moments = block_moments(moments, of_warps);
  if (threadIdx.x == 0) {
    double* partial = p.partial + ((static_cast<long long>(blockIdx.y) * p.volumes + volume) * p.chunks + blockIdx.x) * kMoments;
    partial[0] = moments.minimum;
    partial[1] = moments.maximum;
    partial[2] = moments.sum;
    partial[3] = moments.squares;
  }
}

/// A block has a chunk of a sample's positions and one volume, after it has put the moments of the volume together.
KERNEL(augmentation_intensities, 256, AugmentationParameters) {
  SHARED_ARRAY(Moments, of_warps, kWarps);
  const double* numbers = numbers_of(p);
  int volume = blockIdx.z, slices = p.channels / p.volumes, positions = p.depth * p.height * p.width;
  const double* own = numbers + kSpatialNumbers + kStreamNumbers + volume * kVolumeNumbers;
  float gain = static_cast<float>(own[1]), offset = static_cast<float>(own[2]), gamma = static_cast<float>(own[3]),
        noise = static_cast<float>(own[4]);
  if (gain == 1.0f && offset == 0.0f && gamma == 1.0f && noise == 0.0f) return;
  const double* partial = p.partial + (static_cast<long long>(blockIdx.y) * p.volumes + volume) * p.chunks * kMoments;
  Moments moments = no_moments();
  for (int i = threadIdx.x; i < p.chunks; i += kThreads)
    moments.add(
        {static_cast<float>(partial[i * kMoments]), static_cast<float>(partial[i * kMoments + 1]), partial[i * kMoments + 2],
         partial[i * kMoments + 3]});
  moments = block_moments(moments, of_warps);
  float minimum = moments.minimum, range = moments.maximum - minimum;
  if (range <= 0) return;
  double count = static_cast<double>(positions) * slices, exact_mean = moments.sum / count;
  float mean = static_cast<float>(exact_mean),
        deviation = static_cast<float>(sqrt(fmax(0.0, moments.squares / count - exact_mean * exact_mean)));
  NoiseStream stream(numbers + kSpatialNumbers);
  uint32_t first_word = static_cast<uint32_t>(own[5]);
  int from = blockIdx.x * p.chunk, last = positions - from < p.chunk ? positions : from + p.chunk,
      elements = (last - from) * slices;
  float* image = p.y + (static_cast<long long>(blockIdx.y) * positions + from) * p.channels + volume * slices;
  DigitWalk<1> walk(threadIdx.x, kThreads, {slices});
  for (int i = threadIdx.x; i < elements; i += kThreads, walk.advance()) {
    float* place = image + walk.quotient * p.channels + walk.digits[0];
    float value = *place;
    if (gamma != 1.0f) value = minimum + range * powf((value - minimum) / range, gamma);
    value = mean + gain * (value - mean) + offset * deviation;
    if (noise > 0) value += noise * deviation * stream.normal(first_word + 2 * (static_cast<uint32_t>(from) * slices + i));
    *place = value;
  }
}

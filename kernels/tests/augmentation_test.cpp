// Resampling and intensities of training samples against their formulas in float64: odd sizes, images of one pixel, several
// volumes, words of the noise that begin anywhere in a block.
#include "augmentation/parameters.cuh"
#include "harness.h"
#include "reference.h"

using namespace test;

namespace {

constexpr int kMostPoints = 8;

struct Case {
  int samples, depth, height, width, slices, volumes, points, chunk;
  bool moves, bends;

  int channels() const { return slices * volumes; }
  int positions() const { return depth * height * width; }
  int chunks() const { return (positions() + chunk - 1) / chunk; }
  int first_of_volume(int volume) const { return kSpatialNumbers + kStreamNumbers + volume * kVolumeNumbers; }
  int numbers() const { return first_of_volume(volumes) + 2 * points * points; }
};

/// The uniform cubic B-spline by the recursion of de Boor, not by the kernel's polynomials.
double spline(double t, int degree) {
  if (degree == 0) return t >= 0 && t < 1 ? 1 : 0;
  return (t * spline(t, degree - 1) + (degree + 1 - t) * spline(t - 1, degree - 1)) / degree;
}

double displacement(const Case& c, const double* points, int row, int column) {
  double sum = 0, down = row * (c.points - 3.0) / c.height, along = column * (c.points - 3.0) / c.width;
  for (int i = 0; i < c.points; i++)
    for (int j = 0; j < c.points; j++) sum += spline(down - i + 3, 3) * spline(along - j + 3, 3) * points[i * c.points + j];
  return sum;
}

double normal(const double* stream, std::uint32_t word) {
  auto uniform = [&](std::uint32_t w) {
    std::uint64_t block = static_cast<std::uint64_t>(stream[2]) << 32 | w / 4, lane = block * 8 + w % 4 * 2,
                  key = static_cast<std::uint64_t>(stream[1]) << 32 | static_cast<std::uint64_t>(stream[0]),
                  name = static_cast<std::uint64_t>(stream[4]) << 32 | static_cast<std::uint64_t>(stream[3]);
    return ((philox_lane(key, name, lane + 1) << 16 | philox_lane(key, name, lane)) >> 8) / 16777216.0;
  };
  return std::sqrt(-2 * std::log(1 - uniform(word))) * std::cos(2 * 3.14159265358979323846 * uniform(word + 1));
}

Buffer<double> draw(const Case& c, Numbers& numbers) {
  return Buffer<double>(static_cast<std::size_t>(c.samples) * c.numbers(), [&, i = 0](std::size_t) mutable {
    int at = i++ % c.numbers(), volume = at - c.first_of_volume(0);
    if (at < kSpatialNumbers)
      return c.moves ? (at == 2 || at == 5 ? 3.0f : 1.3f) * numbers.uniform() : at == 0 || at == 4 ? 1.0f : 0.0f;
    if (volume < 0) return static_cast<float>(at == kSpatialNumbers + 2 ? numbers.range(0, 9999) : numbers.range(0, 1 << 23));
    if (volume < c.volumes * kVolumeNumbers) {
      int kind = volume % kVolumeNumbers;
      return kind == 0   ? -2.0f - 0.25f * numbers.range(0, 4)
             : kind == 5 ? static_cast<float>(numbers.range(0, 9999))
             : c.bends   ? (kind == 2 ? 0.5f : 1.0f) * (kind % 2 ? 1.0f : 0.5f) * (1 + 0.3f * numbers.uniform())
                         : (kind % 2 ? 1.0f : 0.0f);
    }
    return 2 * numbers.uniform();
  });
}

void check(const Case& c, Numbers& numbers) {
  std::size_t positions = static_cast<std::size_t>(c.samples) * c.positions(), elements = positions * c.channels();
  Buffer<float> x(elements, [&](std::size_t) { return numbers.uniform(); }), y(elements);
  Buffer<std::uint8_t> labels(positions, [&](std::size_t) { return numbers.range(1, 255); }), varied(positions);
  Buffer<double> variation = draw(c, numbers), partial(static_cast<std::size_t>(c.samples) * c.volumes * c.chunks() * 4);
  AugmentationParameters p{x.data(), labels.data(), variation.data(), y.data(),  varied.data(), partial.data(), c.depth,
                           c.height, c.width,       c.channels(),     c.volumes, c.points,      c.chunk,        c.chunks()};
  launch("augmentation_resample", c.chunks(), c.samples, c.volumes, 256, 2 * c.points * c.points * 4, p);

  std::vector<double> moved(elements), unit(elements, 1.0), nearest(positions);
  int pixels = c.height * c.width;
  for (std::size_t i = 0; i < positions; i++) {
    const double* own = &variation[i / c.positions() * c.numbers()];
    int row = static_cast<int>(i % pixels) / c.width, column = static_cast<int>(i % pixels) % c.width;
    double centre_row = (c.height - 1) * 0.5, centre_column = (c.width - 1) * 0.5;
    double source_row = centre_row + own[0] * (row - centre_row) + own[1] * (column - centre_column) + own[2],
           source_column = centre_column + own[3] * (row - centre_row) + own[4] * (column - centre_column) + own[5];
    if (c.points) {
      const double* points = own + c.first_of_volume(c.volumes);
      source_row += displacement(c, points, row, column);
      source_column += displacement(c, points + c.points * c.points, row, column);
    }
    double top = std::floor(source_row), left = std::floor(source_column);
    for (int channel = 0; channel < c.channels(); channel++) {
      double outside = own[c.first_of_volume(channel / c.slices)];
      auto at = [&](double r, double q) -> double {
        return r >= 0 && q >= 0 && r < c.height && q < c.width
                   ? x[(i / pixels * pixels + static_cast<std::size_t>(r) * c.width + static_cast<std::size_t>(q)) *
                           c.channels() +
                       channel]
                   : outside;
      };
      double down = source_row - top, along = source_column - left;
      moved[i * c.channels() + channel] = (1 - down) * ((1 - along) * at(top, left) + along * at(top, left + 1)) +
                                          down * ((1 - along) * at(top + 1, left) + along * at(top + 1, left + 1));
    }
    double r = std::floor(source_row + 0.5), q = std::floor(source_column + 0.5);
    bool tie = std::fabs(source_row - top - 0.5) < 1e-4 || std::fabs(source_column - left - 0.5) < 1e-4;
    nearest[i] = tie ? varied[i]
                 : r >= 0 && q >= 0 && r < c.height && q < c.width
                     ? labels[i / pixels * pixels + static_cast<std::size_t>(r) * c.width + static_cast<std::size_t>(q)]
                     : 0;
  }
  expect_close("resampled", y, moved, c.moves || c.points ? 1e-4 : 0, &unit);
  expect_close("labels", varied, nearest, 0);

  Buffer<float> before(elements, [&](std::size_t i) { return y[i]; });
  launch("augmentation_intensities", c.chunks(), c.samples, c.volumes, 256, 0, p);
  std::vector<double> expected(elements);
  std::size_t count = static_cast<std::size_t>(c.positions()) * c.slices;
  for (int sample = 0; sample < c.samples; sample++)
    for (int volume = 0; volume < c.volumes; volume++) {
      const double *own = &variation[sample * c.numbers()], *bend = own + c.first_of_volume(volume);
      auto place = [&](std::size_t i) {
        return (sample * static_cast<std::size_t>(c.positions()) + i / c.slices) * c.channels() + volume * c.slices +
               i % c.slices;
      };
      double minimum = 1e30, maximum = -1e30, mean = 0, variance = 0;
      for (std::size_t i = 0; i < count; i++) {
        minimum = std::min<double>(minimum, before[place(i)]);
        maximum = std::max<double>(maximum, before[place(i)]);
        mean += before[place(i)] / static_cast<double>(count);
      }
      for (std::size_t i = 0; i < count; i++)
        variance += (before[place(i)] - mean) * (before[place(i)] - mean) / static_cast<double>(count);
      double range = maximum - minimum, deviation = std::sqrt(variance);
      for (std::size_t i = 0; i < count; i++) {
        double value = before[place(i)];
        if (range > 0 && c.bends) {
          value = minimum + range * std::pow((value - minimum) / range, bend[3]);
          value = mean + bend[1] * (value - mean) + bend[2] * deviation +
                  bend[4] * deviation * normal(own + kSpatialNumbers, static_cast<std::uint32_t>(bend[5] + 2.0 * i));
        }
        expected[place(i)] = value;
      }
    }
  expect_close("intensities", y, expected, c.bends ? 2e-5 : 0, &unit);
}

}  // namespace

int main() {
  Numbers numbers(31);
  for (int round = 0; round < 40; round++) {
    emulation_configure(0, round);
    bool single = round % 8 == 0;
    Case c{
        numbers.range(1, 3),
        single ? 1 : numbers.range(1, 3),
        single ? 1 : numbers.range(1, 23),
        single ? 1 : numbers.range(1, 33),
        numbers.range(1, 3),
        numbers.range(1, 3),
        round % 3 == 0 ? numbers.range(4, kMostPoints) : 0,
        0,
        round % 5 != 1,
        round % 4 != 1};
    c.chunk = std::min(c.positions(), numbers.range(1, 2) == 1 ? 1024 : 300);
    check(c, numbers);
  }
  return report();
}

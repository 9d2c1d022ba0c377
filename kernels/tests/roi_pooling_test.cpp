// Maxima over bins of regions against the definition, exactly: values are small integers, scores powers of two.
#include "roi_pooling/parameters.cuh"

#include "harness.h"

using namespace test;

namespace {

struct Bin {
  int from, to;
};

/// As Caffe's layer has it, with quotients of whole numbers, and corners that are no farther away than 2^22.
Bin bin_of(float low, float high, float scale, int bin, int bins, int map) {
  auto nearest = [&](float corner) {
    return std::isnan(corner) ? -4194304.0 : std::round(std::min(std::max(corner * scale, -4194304.0f), 4194304.0f));
  };
  double first = nearest(low), extent = std::max(nearest(high) - first + 1, 1.0);
  auto clipped = [&](double place) { return static_cast<int>(std::min(std::max(place, 0.0), static_cast<double>(map))); };
  return {clipped(first + std::floor(bin * extent / bins)), clipped(first + std::ceil((bin + 1) * extent / bins))};
}

struct Sizes {
  int images, height, width, channels, regions, bins;
  float scale;
};

void check(const Sizes& s, bool scored, Numbers& numbers) {
  std::size_t inputs = static_cast<std::size_t>(s.images) * s.height * s.width * s.channels,
              outputs = static_cast<std::size_t>(s.regions) * s.bins * s.bins * s.channels;
  auto integer = [&](std::size_t) { return numbers.small_integer(); };
  Buffer<float> x(inputs, integer), gy(outputs, integer), y(outputs), gx(inputs);
  Buffer<int> choice(outputs);
  Buffer<float> scores(s.regions, [&](std::size_t) { return std::ldexp(1.0f, numbers.range(-2, 2)); });
  // Corners lie in quarters of a place of the map, inside and outside, some the wrong way round, some of no image.
  Buffer<float> corners(static_cast<std::size_t>(s.regions) * 5, [&](std::size_t i) {
    if (i % 5 == 0) return static_cast<float>(numbers.range(i % 35 == 0 ? -1 : 0, s.images - (i % 25 == 0 ? 0 : 1)));
    int extent = i % 2 == 0 ? s.height : s.width;
    return numbers.range(-4 * 3, 4 * (extent + 3)) / 4.0f / s.scale;
  });
  if (s.regions > 2) corners[5 + 1] = std::nanf(""), corners[10 + 3] = 3e38f, corners[10 + 1] = -3e38f;

  RoiPoolingParameters p{x.data(),  y.data(), choice.data(), corners.data(), scored ? scores.data() : nullptr,
                         s.regions, s.images, s.height,      s.width,        s.channels,
                         s.bins,    0,        s.scale};
  bool wide = s.channels % 8 == 0;
  int groups = s.channels / (wide ? 8 : 1), across = 256 / (p.lanes = lanes_of(groups));
  std::string suffix = wide ? "_8" : "";
  int tiles = (groups + p.lanes - 1) / p.lanes;
  launch("roi_max_pool_forward" + suffix, s.regions, tiles, 1, 256, 0, p);
  p.source = gy.data(), p.target = gx.data();
  launch("roi_max_pool_backward" + suffix, s.images * s.height * ((s.width + across - 1) / across), tiles, 1, 256, 0, p);

  std::vector<double> ey(outputs), echoice(outputs, -1), egx(inputs);
  for (std::size_t o = 0; o < outputs; o++) {
    std::size_t channel = o % s.channels, column = o / s.channels % s.bins, row = o / s.channels / s.bins % s.bins,
                region = o / s.channels / s.bins / s.bins;
    const float* c = &corners[region * 5];
    if (c[0] < 0 || c[0] >= s.images) continue;
    Bin rows = bin_of(c[2], c[4], s.scale, static_cast<int>(row), s.bins, s.height),
        columns = bin_of(c[1], c[3], s.scale, static_cast<int>(column), s.bins, s.width);
    double best = -1e9;
    std::size_t map = static_cast<std::size_t>(c[0]) * s.height * s.width;
    for (int h = rows.from; h < rows.to; h++)
      for (int w = columns.from; w < columns.to; w++)
        if (double value = x[(map + h * s.width + w) * s.channels + channel]; value > best)
          best = value, echoice[o] = h * s.width + w;
    if (echoice[o] < 0) continue;
    double score = scored ? scores[region] : 1;
    ey[o] = score * best;
    egx[(map + static_cast<std::size_t>(echoice[o])) * s.channels + channel] += score * gy[o];
  }
  expect_close("region max pool", y, ey, 0);
  expect_close("region max pool choice", choice, echoice, 0);
  expect_close("region max pool gradient", gx, egx, 0);
}

}  // namespace

int main() {
  Numbers numbers(23);
  const float scales[] = {1.0f, 0.5f, 0.0625f, 2.0f};
  for (int round = 0; round < 40; round++) {
    emulation_configure(0, round);
    Sizes s{numbers.range(1, 3),  numbers.range(1, 9),
            numbers.range(1, 12), round % 3 == 0 ? 8 * numbers.range(1, 4) : numbers.range(1, 40),
            numbers.range(1, 12), numbers.range(1, 7),
            scales[round % 4]};
    check(s, round % 2 == 0, numbers);
  }
  check({2, 5, 300, 1, 7, 7, 0.5f}, true, numbers);     // more columns than a block has
  check({2, 3, 4, 264, 5, 2, 1.0f}, true, numbers);     // more channels than a tile has
  check({3, 4, 5, 2, 600, 3, 0.0625f}, true, numbers);  // regions in several chunks
  check({1, 1, 1, 1, 4, 7, 1.0f}, false, numbers);
  return report();
}

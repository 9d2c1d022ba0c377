// Sums, maxima and softmax over an axis, broadcasts, gathers and scatters against float64.
#include "indexing/parameters.cuh"
#include "reduction/parameters.cuh"
#include "softmax/parameters.cuh"
#include "reference.h"

using namespace test;

namespace {

void check_sum(int outer, int reduced, int inner, int chunk, int lanes, Numbers& numbers) {
  int chunks = (reduced + chunk - 1) / chunk;
  Buffer<float> x(static_cast<std::size_t>(outer) * reduced * inner, [&](std::size_t) { return numbers.uniform(); }),
      y(static_cast<std::size_t>(outer) * inner);
  Buffer<double> partial(static_cast<std::size_t>(outer) * chunks * inner);
  SumParameters p{x.data(), partial.data(), y.data(), static_cast<long long>(y.size()), reduced, inner, chunk, chunks, lanes};
  launch("sum_chunks", outer * chunks, (inner + lanes - 1) / lanes, 1, 256, 0, p);
  launch("sum_combine", (outer * inner + 7) / 8, 1, 1, 256, 0, p);
  std::vector<double> expected(y.size()), size(y.size());
  for (int o = 0; o < outer; o++)
    for (int r = 0; r < reduced; r++)
      for (int i = 0; i < inner; i++) expected[o * inner + i] += x[(static_cast<std::size_t>(o) * reduced + r) * inner + i];
  for (std::size_t i = 0; i < size.size(); i++) size[i] = std::fabs(expected[i]) + 1e-30;
  expect_close("sum", y, expected, 1e-7, &size);
}

void check_axis(int outer, int extent, int inner, int team, Numbers& numbers) {
  int positions = outer * inner, blocks = (positions * team + 255) / 256;
  auto place = [&](int i, int e) { return (static_cast<std::size_t>(i) / inner * extent + e) * inner + i % inner; };
  // Few different values: most maxima are there several times.
  Buffer<float> x(static_cast<std::size_t>(positions) * extent, [&](std::size_t) { return numbers.small_integer(); }),
      maxima(positions), gathered(positions), scattered(x.size()), spread(x.size()), probabilities(x.size()),
      logarithms(x.size());
  Buffer<int> index(positions), given(positions, [&](std::size_t) { return numbers.range(-1, extent); });
  launch(
      "max_with_index", blocks, 1, 1, 256, 0,
      MaxParameters{x.data(), maxima.data(), index.data(), positions, extent, inner, team});
  IndexParameters by_index{x.data(), gathered.data(), given.data(), positions, extent, inner, 0};
  launch("gather", 2, 1, 1, 256, 0, by_index);
  by_index.x = scattered.data(), by_index.y = maxima.data();
  launch("scatter", 2, 1, 1, 256, 0, by_index);
  launch(
      "broadcast", 2, 1, 1, 256, 0,
      BroadcastParameters{maxima.data(), spread.data(), static_cast<long long>(spread.size()), extent, inner});
  launch("softmax", blocks, 1, 1, 256, 0, SoftmaxParameters{x.data(), probabilities.data(), positions, extent, inner, team});
  launch("log_softmax", blocks, 1, 1, 256, 0, SoftmaxParameters{x.data(), logarithms.data(), positions, extent, inner, team});
  std::vector<double> emaxima(positions), eindex(positions), egathered(positions), escattered(x.size()), espread(x.size()),
      eprobabilities(x.size()), elogarithms(x.size()), size(x.size(), 8.0);
  for (int i = 0; i < positions; i++) {
    int best = 0;
    double sum = 0;
    for (int e = 1; e < extent; e++)
      if (x[place(i, e)] > x[place(i, best)]) best = e;
    emaxima[i] = x[place(i, best)], eindex[i] = best;
    bool inside = given[i] >= 0 && given[i] < extent;
    egathered[i] = inside ? x[place(i, given[i])] : 0;
    if (inside) escattered[place(i, given[i])] = emaxima[i];
    for (int e = 0; e < extent; e++) sum += std::exp(x[place(i, e)] - emaxima[i]);
    for (int e = 0; e < extent; e++) {
      espread[place(i, e)] = emaxima[i];
      elogarithms[place(i, e)] = x[place(i, e)] - emaxima[i] - std::log(sum);
      eprobabilities[place(i, e)] = std::exp(elogarithms[place(i, e)]);
    }
  }
  expect_close("max", maxima, emaxima, 0);
  expect_close("place of the maximum", index, eindex, 0);
  expect_close("gather", gathered, egathered, 0);
  expect_close("scatter", scattered, escattered, 0);
  expect_close("broadcast", spread, espread, 0);
  expect_close("softmax", probabilities, eprobabilities, 1e-6);
  expect_close("log softmax", logarithms, elogarithms, 2e-7, &size);
}

}  // namespace

int main() {
  Numbers numbers(5);
  for (int round = 0; round < 20; round++) {
    emulation_configure(0, round);
    int lanes = 1 << numbers.range(0, 5);
    check_sum(numbers.range(1, 3), numbers.range(1, 700), numbers.range(1, 70), numbers.range(1, 300), lanes, numbers);
  }
  for (int round = 0; round < 20; round++) {
    emulation_configure(0, round);
    int team = 1 << numbers.range(0, 5);
    check_axis(numbers.range(1, 3), numbers.range(team, 70), numbers.range(1, 40), team, numbers);
  }
  // More positions than threads that walk over them.
  check_axis(13, 3, 96, 1, numbers);
  check_axis(2, 2, 700, 2, numbers);
  check_axis(800, 3, 1, 1, numbers);
  return report();
}

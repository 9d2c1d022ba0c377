// Sums over a middle axis against float64.
#include "reduction/parameters.cuh"
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

}  // namespace

int main() {
  Numbers numbers(5);
  for (int round = 0; round < 20; round++) {
    emulation_configure(0, round);
    int lanes = 1 << numbers.range(0, 5);
    check_sum(numbers.range(1, 3), numbers.range(1, 700), numbers.range(1, 70), numbers.range(1, 300), lanes, numbers);
  }
  return report();
}

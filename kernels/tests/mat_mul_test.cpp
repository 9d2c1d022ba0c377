// Matrix products against float64, either operand transposed or not.
#include "mat_mul/parameters.cuh"

#include "harness.h"

using namespace test;

namespace {

void check(int rows, int columns, int depth, bool transpose_a, bool transpose_b, Numbers& numbers) {
  auto random = [&](std::size_t) { return numbers.uniform(); };
  Buffer<float> a(static_cast<std::size_t>(rows) * depth, random), b(static_cast<std::size_t>(depth) * columns, random),
      y(static_cast<std::size_t>(rows) * columns);
  MatMulParameters p{a.data(), b.data(), y.data(), rows, columns, depth, 1, rows, 1, depth};
  if (!transpose_a) p.a_row = depth, p.a_step = 1;
  if (!transpose_b) p.b_step = columns, p.b_column = 1;
  launch("mat_mul", (rows + 63) / 64, (columns + 63) / 64, 1, 256, 0, p);
  std::vector<double> expected(y.size()), size(y.size());
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      for (int k = 0; k < depth; k++) {
        double product = static_cast<double>(a[i * p.a_row + k * p.a_step]) * b[k * p.b_step + j * p.b_column];
        expected[i * columns + j] += product;
        size[i * columns + j] += std::fabs(product);
      }
  expect_close(
      "mat_mul " + std::to_string(rows) + " " + std::to_string(columns) + " " + std::to_string(depth), y, expected, 1e-6, &size);
}

}  // namespace

int main() {
  Numbers numbers(23);
  for (int round = 0; round < 24; round++) {
    emulation_configure(0, round);
    check(numbers.range(1, 150), numbers.range(1, 150), numbers.range(1, 70), round & 1, round & 2, numbers);
  }
  return report();
}

// Distillation by temperature against its formula in float64, with extreme logits.
#include "softmax_kl/parameters.cuh"

#include "harness.h"

using namespace test;

namespace {

void check_softmax_kl(long long positions, int classes, float temperature, float spread, Numbers& numbers) {
  std::size_t count = positions * classes;
  int chunk = numbers.range(1, 2) == 1 ? 1024 : 70, chunks = static_cast<int>((positions + chunk - 1) / chunk);
  auto random = [&](std::size_t) { return spread * numbers.uniform(); };
  Buffer<float> teacher(count, random), student(count, random), scale(1, [](std::size_t) { return -2; }), gradient(count);
  Buffer<double> partial(chunks);
  SoftmaxKl p{teacher.data(), student.data(), scale.data(), partial.data(), gradient.data(),
              positions,      classes,        chunk,        1 / temperature};
  launch("softmax_kl_sum", chunks, 1, 1, 256, 0, p);
  launch("softmax_kl_gradient", 2, 1, 1, 256, 0, p);
  std::vector<double> sums(chunks), sizes(chunks, 0.01), expected(count), size(count, 2.0 / temperature);
  auto log_probabilities = [&](const float* z) {
    double greatest = *std::max_element(z, z + classes), sum = 0;
    for (int k = 0; k < classes; k++) sum += std::exp((z[k] - greatest) / temperature);
    std::vector<double> logs(classes);
    for (int k = 0; k < classes; k++) logs[k] = (z[k] - greatest) / temperature - std::log(sum);
    return logs;
  };
  for (long long i = 0; i < positions; i++) {
    auto t = log_probabilities(&teacher[i * classes]), s = log_probabilities(&student[i * classes]);
    for (int k = 0; k < classes; k++) {
      sums[i / chunk] += std::exp(t[k]) * (t[k] - s[k]);
      sizes[i / chunk] += std::exp(t[k]) * std::fabs(t[k] - s[k]);
      expected[i * classes + k] = -2 / temperature * (std::exp(s[k]) - std::exp(t[k]));
    }
  }
  std::string name = "softmax kl " + std::to_string(positions) + " x " + std::to_string(classes);
  expect_close(name + " sums", partial, sums, 1e-5, &sizes);
  expect_close(name + " gradient", gradient, expected, temperature < 1 ? 1e-5 : 1e-6, &size);
}

}  // namespace

int main() {
  Numbers numbers(7);
  emulation_configure(0, 1);
  for (int classes : {1, 2, 5, 33})
    for (float temperature : {0.1f, 1.0f, 4.0f})
      for (float spread : {1.0f, 1e4f}) check_softmax_kl(numbers.range(1, 1500), classes, temperature, spread, numbers);
  return report();
}

// The two passes of the segmentation loss against their formulas in float64: unlabelled positions, absent classes, extreme
// logits, several samples per modality.
#include "segmentation_loss/parameters.cuh"

#include "harness.h"

using namespace test;

namespace {

struct Logits {
  int samples, positions, classes, modalities;
  std::vector<int> modality;
  double spread;
};

void check(const Logits& c, double floor, Numbers& numbers) {
  std::size_t rows = static_cast<std::size_t>(c.samples) * c.positions, width = 4 * c.classes + c.classes * c.classes,
              coefficient_width = 3 * c.classes + c.classes * c.classes;
  Buffer<float> logits(rows * c.classes, [&](std::size_t) { return c.spread * numbers.uniform(); });
  // Class 1 never occurs, and some positions have no label.
  Buffer<std::uint8_t> labels(rows, [&](std::size_t) {
    int k = numbers.range(0, c.classes);
    return k == c.classes ? 255 : k == 1 ? 0 : k;
  });
  Buffer<int> modality(c.samples, [&](std::size_t i) { return c.modality[i]; });
  int chunk = std::min(c.positions, numbers.range(1, 2) == 1 ? 256 : 50), chunks = (c.positions + chunk - 1) / chunk;
  Buffer<double> partial(static_cast<std::size_t>(c.samples) * chunks * width), sums(c.modalities * width);
  std::string name = "loss n" + std::to_string(c.samples) + " positions " + std::to_string(c.positions) + " classes " +
                     std::to_string(c.classes) + " spread " + std::to_string(c.spread);
  std::size_t shared = (static_cast<std::size_t>(chunk) * (c.classes + 2) + 8 * width) * 4;
  launch(
      "segmentation_loss_sums", chunks, c.samples, 1, 256, shared,
      LossSums{logits.data(), labels.data(), partial.data(), c.classes, static_cast<float>(floor), c.positions, chunk, chunks});
  launch(
      "segmentation_loss_combine", static_cast<int>((c.modalities * width + 7) / 8), 1, 1, 256, 0,
      CombineLossSums{partial.data(), sums.data(), modality.data(), c.samples, c.modalities, static_cast<int>(width), chunks});

  Buffer<double> coefficients(c.modalities * coefficient_width, [&](std::size_t) { return numbers.uniform(); });
  Buffer<float> gradient(rows * c.classes);
  launch(
      "segmentation_loss_gradient", 2, c.samples, 1, 256, coefficient_width * 4,
      LossGradient{
          logits.data(), labels.data(), coefficients.data(), modality.data(), gradient.data(), c.classes,
          static_cast<float>(floor), c.positions});

  std::vector<double> expected(c.modalities * width), size(expected.size()), egradient(rows * c.classes),
      gradient_size(rows * c.classes, 4.0);
  for (std::size_t row = 0; row < rows; row++) {
    const float* z = &logits[row * c.classes];
    int truth = labels[row], m = c.modality[row / c.positions];
    double greatest = z[0], total = 0;
    for (int k = 1; k < c.classes; k++) greatest = std::max<double>(greatest, z[k]);
    for (int k = 0; k < c.classes; k++) total += std::exp(z[k] - greatest);
    const double* coefficient = &coefficients[m * coefficient_width];
    std::vector<double> p(c.classes), dp(c.classes);
    double mean = 0;
    auto add = [&](std::size_t entry, double value) {
      expected[m * width + entry] += value;
      size[m * width + entry] += std::fabs(value) + 0.1;  // a probability near one has lost the digits of its logarithm
    };
    for (int k = 0; k < c.classes; k++) {
      p[k] = std::exp(z[k] - greatest) / total;
      add(c.classes + k, p[k] * p[k]);
      dp[k] = coefficient[c.classes + k] * p[k];
      if (k == truth) {
        add(k, p[k]);
        add(2 * c.classes + k, 1);
        add(3 * c.classes + k, std::min(-std::log(p[k]), -std::log(floor)));
        dp[k] += coefficient[k];
        // Near the floor rounding decides: such positions are left out below.
        if (p[k] > floor) dp[k] += coefficient[2 * c.classes + k] / p[k];
      }
      if (truth < c.classes) add((4 + truth) * c.classes + k, z[k]);
      mean += dp[k] * p[k];
    }
    for (int k = 0; k < c.classes; k++) {
      double table = truth < c.classes ? coefficient[(3 + truth) * c.classes + k] : 0;
      egradient[row * c.classes + k] = p[k] * (dp[k] - mean) + table;
      if (truth < c.classes && std::fabs(p[truth] - floor) < 1e-5 * floor) gradient_size[row * c.classes + k] = 1e9;
    }
  }
  expect_close(name + " sums", sums, expected, 2e-6, &size);
  expect_close(name + " gradient", gradient, egradient, 1e-6, &gradient_size);
}

}  // namespace

int main() {
  Numbers numbers(5);
  for (int seed = 1; seed <= 3; seed++) {
    emulation_configure(0, seed);
    for (int classes : {2, 3, 5, 17, 32})
      for (int positions : {1, 7, 256, 301})
        for (double spread : {3.0, 90.0}) {
          check({3, positions, classes, 3, {0, 2, 0}, spread}, 0.005, numbers);  // modality 1 has no sample
          check({1, positions, classes, 1, {0}, spread}, 0.005, numbers);
        }
  }
  return report();
}

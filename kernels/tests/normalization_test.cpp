// Statistics, normalization and its gradients against their formulas in float64, for statistics per modality, sample and group of
// channels.
#include "normalization/parameters.cuh"

#include "reference.h"

using namespace test;

namespace {

struct Case {
  int samples, positions, channels, groups;
  bool by_sample, drops, through_statistics;
  std::vector<int> modality;
  int modalities;
};

/// What is stored as bfloat16: then x and gy hold such numbers, and the kernels that read them so must give the same bits as
/// those that read floats.
enum class Narrow { kNothing, kX, kXAndGy };

constexpr double kEpsilon = 1e-3, kSlope = 0.2;

class NormalizationCheck {
 public:
  NormalizationCheck(const Case& c, int width, Narrow stored, Numbers& numbers)
      : c_(c),
        stored_(stored),
        sweep_(c.positions, c.channels, width, 37),
        elements_(static_cast<std::size_t>(c.samples) * c.positions * c.channels),
        rows_(c.by_sample ? c.samples : c.modalities),
        slots_(static_cast<std::size_t>(rows_) * c.groups),
        table_(static_cast<std::size_t>(c.samples) * c.channels),
        mask_(c.drops ? some_dropout() : no_dropout()),
        modality_(c.modality.size(), [&](std::size_t i) { return c.modality[i]; }),
        x_(elements_, [&](std::size_t) { return held(20 + 2 * numbers.uniform(), stored != Narrow::kNothing); }),
        gy_(elements_, [&](std::size_t) { return held(numbers.uniform(), stored == Narrow::kXAndGy); }),
        stored_x_(elements_, [&](std::size_t i) { return bfloat16_bits(x_[i]); }),
        stored_gy_(elements_, [&](std::size_t i) { return bfloat16_bits(gy_[i]); }),
        gamma_(static_cast<std::size_t>(c.modalities) * c.channels, [&](std::size_t) { return 0.5 + numbers.uniform(); }),
        beta_(gamma_.size(), [&](std::size_t) { return numbers.uniform(); }),
        mean_(slots_, [](std::size_t) { return 7; }),
        variance_(slots_, [](std::size_t) { return 7; }) {
    layout_ = {modality_.data(), c.samples, c.modalities, c.channels, c.groups, c.by_sample ? 1 : 0};
    dropped_.resize(elements_);
    for (std::size_t i = 0; i < elements_; i++) dropped_[i] = dropped(mask_, i, x_[i]);
  }

  void run() {
    statistics();
    forward();
    backward();
    running();
  }

 private:
  static float held(float value, bool as_bfloat16) { return as_bfloat16 ? bfloat16_value(bfloat16_bits(value)) : value; }

  int channel(std::size_t i) const { return static_cast<int>(i % c_.channels); }
  int sample(std::size_t i) const { return static_cast<int>(i / c_.channels / c_.positions); }
  int row(std::size_t i) const { return c_.by_sample ? sample(i) : c_.modality[sample(i)]; }
  std::size_t slot(std::size_t i) const {
    return static_cast<std::size_t>(row(i)) * c_.groups + channel(i) / (c_.channels / c_.groups);
  }
  std::size_t affine(std::size_t i) const { return static_cast<std::size_t>(c_.modality[sample(i)]) * c_.channels + channel(i); }
  std::string name(const char* what) const {
    return std::string(what) + " n" + std::to_string(c_.samples) + " positions " + std::to_string(c_.positions) + " channels " +
           std::to_string(c_.channels) + " groups " + std::to_string(c_.groups) + (c_.by_sample ? " by sample" : " by modality") +
           (c_.drops ? " dropout" : "") + sweep_.suffix +
           (stored_ == Narrow::kNothing ? ""
            : stored_ == Narrow::kX     ? " stored x"
                                        : " stored x and gy");
  }

  NormalizationPass pass(float* partial) {
    NormalizationPass p{};
    p.x = x_.data();
    p.partial = partial;
    p.dropout = mask_;
    p.slope = kSlope;
    p.layout = layout_;
    p.sweep = sweep_.sweep;
    p.chunks = sweep_.chunks;
    return p;
  }

  void statistics() {
    Buffer<float> partial(table_ * sweep_.chunks * 4);
    NormalizationPass p = pass(partial.data());
    sweep_.launch("normalization_statistics", c_.samples, p);
    if (stored_ != Narrow::kNothing) {
      Buffer<float> same(partial.size());
      p.x = stored_x_.data();
      p.partial = same.data();
      sweep_.launch("normalization_statistics_bf16", c_.samples, p);
      expect_close(name("moments"), same, numbers_of(partial), 0);
    }
    launch(
        "normalization_combine_moments", static_cast<int>(slots_), 1, 1, 128, 0,
        CombineMoments{partial.data(), mean_.data(), variance_.data(), layout_, sweep_.chunks});
    expected_mean_.assign(slots_, 0);
    expected_variance_.assign(slots_, 0);
    counts_.assign(slots_, 0);
    for (std::size_t i = 0; i < elements_; i++) expected_mean_[slot(i)] += dropped_[i], counts_[slot(i)]++;
    for (std::size_t s = 0; s < slots_; s++) expected_mean_[s] = counts_[s] ? expected_mean_[s] / counts_[s] : 7;
    for (std::size_t i = 0; i < elements_; i++)
      expected_variance_[slot(i)] += std::pow(dropped_[i] - expected_mean_[slot(i)], 2) / counts_[slot(i)];
    for (std::size_t s = 0; s < slots_; s++) expected_variance_[s] = counts_[s] ? expected_variance_[s] : 7;
    std::vector<double> size(expected_variance_);
    for (double& s : size) s += 1;
    expect_close(name("mean"), mean_, expected_mean_, 1e-6);
    expect_close(name("variance"), variance_, expected_variance_, 2e-6, &size);
  }

  double hat(std::size_t i) const { return (dropped_[i] - mean_[slot(i)]) / std::sqrt(variance_[slot(i)] + kEpsilon); }
  double activation(std::size_t i) const { return gamma_[affine(i)] * hat(i) + beta_[affine(i)]; }

  void forward() {
    Buffer<float> scale(table_), shift(table_), y(elements_);
    launch(
        "normalization_coefficients", static_cast<int>((table_ + 255) / 256), 1, 1, 256, 0,
        NormalizationCoefficients{
            mean_.data(), variance_.data(), gamma_.data(), beta_.data(), scale.data(), shift.data(), layout_,
            static_cast<float>(kEpsilon)});
    NormalizationApply p{x_.data(), scale.data(), shift.data(), y.data(), mask_, static_cast<float>(kSlope), sweep_.sweep};
    sweep_.launch("normalization_forward", c_.samples, p);
    if (stored_ != Narrow::kNothing) {
      Buffer<float> same(elements_);
      Buffer<std::uint16_t> rounded(elements_);
      p.x = stored_x_.data();
      p.y = same.data();
      sweep_.launch("normalization_forward_bf16_f32", c_.samples, p);
      expect_close(name("y of stored x"), same, numbers_of(y), 0);
      p.y = rounded.data();
      sweep_.launch("normalization_forward_bf16_bf16", c_.samples, p);
      expect_close(name("stored y"), rounded, stored_bits(y), 0);
    }
    std::vector<double> expected(elements_), size(elements_);
    for (std::size_t i = 0; i < elements_; i++) {
      double a = activation(i);
      expected[i] = a < 0 ? a * kSlope : a;
      // scale x and shift cancel: their rounding is relative to their size.
      size[i] = (std::fabs(dropped_[i]) + std::fabs(mean_[slot(i)])) / std::sqrt(variance_[slot(i)] + kEpsilon) *
                    std::fabs(gamma_[affine(i)]) +
                1;
    }
    expect_close(name("y"), y, expected, 1e-6, &size);
  }

  void backward() {
    Buffer<float> scale(table_), shift(table_), factor(table_), slant(table_), offset(table_), gx(elements_),
        ggamma(gamma_.size()), gbeta(gamma_.size());
    launch(
        "normalization_coefficients", static_cast<int>((table_ + 255) / 256), 1, 1, 256, 0,
        NormalizationCoefficients{
            mean_.data(), variance_.data(), gamma_.data(), beta_.data(), scale.data(), shift.data(), layout_,
            static_cast<float>(kEpsilon)});
    Buffer<float> partial(table_ * sweep_.chunks * 2);
    Buffer<double> sums(table_ * 2);
    const std::string of_gy = stored_ == Narrow::kXAndGy ? "_bf16_bf16" : "_bf16_f32";
    const void* given_gy = stored_ == Narrow::kXAndGy ? static_cast<const void*>(stored_gy_.data()) : gy_.data();
    NormalizationPass p = pass(partial.data());
    p.gy = gy_.data();
    p.scale = scale.data();
    p.shift = shift.data();
    p.mean = mean_.data();
    sweep_.launch("normalization_backward_sums", c_.samples, p);
    if (stored_ != Narrow::kNothing) {
      Buffer<float> same(partial.size());
      p.x = stored_x_.data();
      p.gy = given_gy;
      p.partial = same.data();
      sweep_.launch("normalization_backward_sums" + of_gy, c_.samples, p);
      expect_close(name("sums of stored x and gy"), same, numbers_of(partial), 0);
    }
    GradientCoefficients coefficients{
        partial.data(),
        sums.data(),
        mean_.data(),
        variance_.data(),
        gamma_.data(),
        ggamma.data(),
        gbeta.data(),
        factor.data(),
        slant.data(),
        offset.data(),
        layout_,
        static_cast<float>(kEpsilon),
        c_.through_statistics ? 1 : 0,
        c_.positions,
        sweep_.chunks};
    std::size_t threads = std::max(table_, gamma_.size());
    launch("normalization_combine_gradients", static_cast<int>((table_ + 7) / 8), 1, 1, 256, 0, coefficients);
    launch("normalization_gradient_coefficients", static_cast<int>((threads + 255) / 256), 1, 1, 256, 0, coefficients);
    if (c_.groups == c_.channels) {
      const Buffer<float>* apart[] = {&ggamma, &gbeta, &factor, &slant, &offset};
      Buffer<float> together[] = {
          Buffer<float>(gamma_.size()), Buffer<float>(gamma_.size()), Buffer<float>(table_), Buffer<float>(table_),
          Buffer<float>(table_)};
      Buffer<double> same(table_ * 2);
      coefficients.sums = same.data();
      coefficients.ggamma = together[0].data();
      coefficients.gbeta = together[1].data();
      coefficients.factor = together[2].data();
      coefficients.slant = together[3].data();
      coefficients.offset = together[4].data();
      launch("normalization_channel_gradients", c_.channels, 1, 1, 256, 0, coefficients);
      for (int i = 0; i < 5; i++) expect_close(name("gradients in one launch"), together[i], numbers_of(*apart[i]), 0);
    }
    NormalizationBackwardApply last{x_.data(),    gy_.data(),    scale.data(), shift.data(), factor.data(),
                                    slant.data(), offset.data(), gx.data(),    mask_,        static_cast<float>(kSlope),
                                    sweep_.sweep};
    sweep_.launch("normalization_backward_apply", c_.samples, last);
    if (stored_ != Narrow::kNothing) {
      Buffer<std::uint16_t> rounded(elements_, [&](std::size_t i) { return stored_gy_[i]; });
      last.x = stored_x_.data();
      last.gx = rounded.data();
      last.gy = stored_ == Narrow::kXAndGy ? rounded.data() : given_gy;  // gx may be gy
      sweep_.launch("normalization_backward_apply" + of_gy + "_bf16", c_.samples, last);
      expect_close(name("stored gx"), rounded, stored_bits(gx), 0);
    }
    std::vector<double> g(elements_), plain(slots_), moment(slots_), egamma(gamma_.size()), ebeta(gamma_.size()),
        expected(elements_), size(elements_), affine_size(gamma_.size());
    for (std::size_t i = 0; i < elements_; i++) {
      // The sign at the kink is the kernel's to round.
      std::size_t row = static_cast<std::size_t>(sample(i)) * c_.channels + channel(i);
      g[i] = gy_[i] * (static_cast<float>(dropped_[i]) * scale[row] + shift[row] < 0 ? kSlope : 1);
      egamma[affine(i)] += g[i] * hat(i);
      ebeta[affine(i)] += g[i];
      affine_size[affine(i)] += std::fabs(g[i]) * (1 + std::fabs(hat(i)));
      plain[slot(i)] += gamma_[affine(i)] * g[i];
      moment[slot(i)] += gamma_[affine(i)] * g[i] * hat(i);
    }
    for (std::size_t i = 0; i < elements_; i++) {
      double rstd = 1 / std::sqrt(variance_[slot(i)] + kEpsilon);
      double value =
          gamma_[affine(i)] * g[i] - (c_.through_statistics ? (plain[slot(i)] + hat(i) * moment[slot(i)]) / counts_[slot(i)] : 0);
      expected[i] = dropped(mask_, i, 1) * value * rstd;
      size[i] = (1 + std::fabs(hat(i))) * rstd * 20;  // slant d + offset cancel where the mean is large
    }
    expect_close(name("ggamma"), ggamma, egamma, 1e-5, &affine_size);
    expect_close(name("gbeta"), gbeta, ebeta, 1e-5, &affine_size);
    expect_close(name("gx"), gx, expected, 2e-6, &size);
  }

  void running() {
    if (c_.by_sample) return;
    Buffer<float> mean(slots_, [](std::size_t i) { return static_cast<double>(i); }),
        variance(slots_, [](std::size_t i) { return 1.0 + i; });
    std::vector<double> expected_mean(slots_), expected_variance(slots_);
    for (std::size_t s = 0; s < slots_; s++) {
      expected_mean[s] = counts_[s] ? 0.9 * mean[s] + 0.1 * mean_[s] : mean[s];
      expected_variance[s] = counts_[s] ? 0.9 * variance[s] + 0.1 * variance_[s] : variance[s];
    }
    // The first update of the table is another one.
    Buffer<float> other_mean(slots_, [](std::size_t) { return 2; }), other_variance(slots_, [](std::size_t) { return 3; });
    RunningTable table{};
    table.updates[0] = {mean_.data(), variance_.data(), other_mean.data(), other_variance.data(), layout_, 1.0f, 0.0f};
    table.updates[1] = {mean_.data(), variance_.data(), mean.data(), variance.data(), layout_, 0.9f, 0.1f};
    launch("normalization_running_statistics", static_cast<int>((slots_ + 255) / 256), 2, 1, 256, 0, table);
    expect_close(name("other running mean"), other_mean, std::vector<double>(slots_, 2), 0);
    expect_close(name("other running variance"), other_variance, std::vector<double>(slots_, 3), 0);
    expect_close(name("running mean"), mean, expected_mean, 1e-6);
    expect_close(name("running variance"), variance, expected_variance, 1e-6);
  }

  const Case& c_;
  Narrow stored_;
  Sweep sweep_;
  std::size_t elements_;
  int rows_;
  std::size_t slots_, table_;
  DropoutMask mask_;
  Buffer<int> modality_;
  Buffer<float> x_, gy_;
  Buffer<std::uint16_t> stored_x_, stored_gy_;
  Buffer<float> gamma_, beta_, mean_, variance_;
  NormalizationLayout layout_{};
  std::vector<double> dropped_, expected_mean_, expected_variance_, counts_;
};

}  // namespace

int main() {
  Numbers numbers(3);
  for (int seed = 1; seed <= 3; seed++) {
    emulation_configure(0, seed);
    for (int positions : {1, 5, 37, 38, 150}) {
      for (int channels : {1, 3, 16, 33, 40, 64, 520}) {
        if (channels == 520 && positions != 5) continue;
        int groups[] = {channels, 1, channels % 3 == 0 ? 3 : channels % 4 == 0 ? 4 : 1};
        for (int kind = 0; kind < 4; kind++) {
          // Modality 2 of three has no sample.
          Case c{3,         positions, channels, kind < 2 ? channels : groups[kind - 1], kind > 0, (positions + kind) % 2 == 0,
                 seed != 2, {0, 1, 0}, 3};
          Narrow stored = seed == 1 ? Narrow::kNothing : seed == 2 ? Narrow::kX : Narrow::kXAndGy;
          for (int width : {1, 8})
            if (channels % width == 0) NormalizationCheck(c, width, stored, numbers).run();
        }
      }
    }
  }
  return report();
}

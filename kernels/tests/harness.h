// What every kernel test needs: buffers that notice stray writes, numbers, launches, and comparison with a float64 reference.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

// Parameter blocks come from the kernels' own headers; tests call no device code.
#include "common/bfloat16.cuh"
#include "emulation/library.h"

namespace test {

inline int failures = 0, checks = 0;

/// Counts and prints what is wrong. With FIRST_FAILURE_ENDS in the environment the test ends there: a planted bug needs no
/// second.
template <class... Arguments>
void fail(const char* format, Arguments... arguments) {
  failures++;
  std::printf((std::string("FAIL ") + format + "\n").c_str(), arguments...);
  if (std::getenv("FIRST_FAILURE_ENDS")) std::exit(1);
}

/// Threads side by side over so many groups of channels: a power of two up to 32.
inline int lanes_of(int groups) {
  int lanes = 1;
  while (lanes < 32 && lanes < groups) lanes *= 2;
  return lanes;
}

/// Memory between two margins; outputs start as NaN. 256-byte aligned, as device memory is.
template <class T>
class Buffer {
 public:
  explicit Buffer(std::size_t count) : count_(count), storage_(count * sizeof(T) + 2 * kMargin + 256) {
    for (unsigned char& byte : storage_) byte = margin_at(&byte);
    auto address = reinterpret_cast<std::uintptr_t>(storage_.data()) + kMargin;
    data_ = reinterpret_cast<T*>((address + 255) / 256 * 256);
    std::fill_n(reinterpret_cast<unsigned char*>(data_), count * sizeof(T), 0xFF);
  }

  template <class Function>
  Buffer(std::size_t count, Function value) : Buffer(count) {
    for (std::size_t i = 0; i < count; i++) data_[i] = static_cast<T>(value(i));
  }

  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return count_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }

  bool intact() const {
    auto* before = reinterpret_cast<const unsigned char*>(data_) - kMargin;
    auto* behind = reinterpret_cast<const unsigned char*>(data_ + count_);
    for (std::size_t i = 0; i < kMargin; i++)
      if (before[i] != margin_at(before + i) || behind[i] != margin_at(behind + i)) return false;
    return true;
  }

 private:
  static constexpr std::size_t kMargin = 512;

  /// Of margins: a NaN as float and bfloat16, which shows in a result even if it was multiplied by zero, and not the one that
  /// data begins with.
  static unsigned char margin_at(const unsigned char* address) {
    return reinterpret_cast<std::uintptr_t>(address) % 2 == 0 ? 0xA5 : 0xFF;
  }

  std::size_t count_;
  std::vector<unsigned char> storage_;
  T* data_;
};

/// A number generator of the tests' own: the same numbers in every run.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ull + 1) {}

  std::uint32_t next() {
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<std::uint32_t>(state_ >> 33);
  }

  int range(int low, int high) { return low + static_cast<int>(next() % static_cast<unsigned>(high - low + 1)); }

  float uniform() { return static_cast<float>(next()) / 1073741824.0f - 1.0f; }

  float small_integer() { return static_cast<float>(range(-4, 4)); }

 private:
  std::uint64_t state_;
};

/// A number as bfloat16, rounded to nearest even.
inline BFloat16 to_bfloat16(double value) {
  float single = static_cast<float>(value);
  std::uint32_t bits;
  std::memcpy(&bits, &single, sizeof bits);
  return {static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1)) >> 16)};
}

inline double to_double(BFloat16 value) {
  std::uint32_t bits = static_cast<std::uint32_t>(value.bits) << 16;
  float single;
  std::memcpy(&single, &bits, sizeof single);
  return single;
}

/// Where a tensor is, and how it is stored.
struct Stored {
  void* data;
  bool bfloat16;
};

/// A tensor of floats or of bfloat16; outputs start as NaN.
class StoredTensor {
 public:
  StoredTensor(std::size_t count, bool bfloat16)
      : bfloat16_(bfloat16), floats_(bfloat16 ? 0 : count), narrow_(bfloat16 ? count : 0) {}

  template <class Function>
  StoredTensor(std::size_t count, bool bfloat16, Function value) : StoredTensor(count, bfloat16) {
    for (std::size_t i = 0; i < count; i++)
      if (bfloat16) narrow_[i] = to_bfloat16(value(i));
      else floats_[i] = static_cast<float>(value(i));
  }

  operator Stored() { return {bfloat16_ ? static_cast<void*>(narrow_.data()) : floats_.data(), bfloat16_}; }

  bool bfloat16() const { return bfloat16_; }
  bool intact() const { return bfloat16_ ? narrow_.intact() : floats_.intact(); }
  std::size_t size() const { return bfloat16_ ? narrow_.size() : floats_.size(); }
  double operator[](std::size_t i) const { return bfloat16_ ? to_double(narrow_[i]) : floats_[i]; }

  /// What a result with this value is as it is stored.
  double rounded(double value) const { return bfloat16_ ? to_double(to_bfloat16(value)) : value; }

 private:
  bool bfloat16_;
  Buffer<float> floats_;
  Buffer<BFloat16> narrow_;
};

/// Runs a kernel; a misuse ends the test program with the emulator's message.
template <class Parameters>
inline void launch(
    const std::string& name, int grid_x, int grid_y, int grid_z, int threads, std::size_t shared, const Parameters& parameters) {
  const void* kernel = emulation_find_kernel(name.c_str());
  if (!kernel) {
    std::printf("no kernel %s\n", name.c_str());
    std::exit(2);
  }
  if (emulation_parameter_bytes(kernel) != sizeof(Parameters)) {
    std::printf(
        "kernel %s takes %zu bytes of parameters, not %zu\n", name.c_str(), emulation_parameter_bytes(kernel),
        sizeof(Parameters));
    std::exit(2);
  }
  if (emulation_launch(kernel, grid_x, grid_y, grid_z, threads, shared, &parameters) != 0) {
    std::printf("%s\n", emulation_last_error());
    std::exit(3);
  }
}

/// Every element within `tolerance` of the reference, relative to the magnitude given for it (or to its own where there is none).
/// `actual`: a Buffer or a StoredTensor.
template <class Values>
inline void expect_close(
    const std::string& what, const Values& actual, const std::vector<double>& expected, double tolerance,
    const std::vector<double>* magnitude = nullptr) {
  checks++;
  if (!actual.intact()) {
    fail("%s: wrote outside of the buffer", what.c_str());
    return;
  }
  for (std::size_t i = 0; i < expected.size(); i++) {
    double error = std::fabs(static_cast<double>(actual[i]) - expected[i]);
    double bound = tolerance * (magnitude ? (*magnitude)[i] : std::fabs(expected[i])) + (tolerance > 0 ? 1e-30 : 0);
    if (!(error <= bound)) {  // NaN fails
      fail("%s: element %zu is %.9g, expected %.9g", what.c_str(), i, static_cast<double>(actual[i]), expected[i]);
      return;
    }
  }
}

inline int report() {
  std::printf("%d checks, %d failures\n", checks, failures);
  return failures == 0 && checks > 0 ? 0 : 1;
}

}  // namespace test

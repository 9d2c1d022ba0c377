// Places of elements without a division for each.
#pragma once
#include "common/platform.cuh"

/// The numbers first, first + step, ... taken apart into digits of different radices, the lowest first: what a chain of divisions
/// gives, one after the other. The highest digit, behind the last radix, is `quotient`.
template <int Radices>
struct DigitWalk {
  int digits[Radices];
  long long quotient;

  DEVICE DigitWalk(long long first, long long step, const int (&radices)[Radices]) {
#pragma unroll
    for (int i = 0; i < Radices; i++) {
      radices_[i] = radices[i];
      digits[i] = static_cast<int>(first % radices[i]);
      steps_[i] = static_cast<int>(step % radices[i]);
      first /= radices[i];
      step /= radices[i];
    }
    quotient = first;
    quotient_step_ = step;
  }

  DEVICE void advance() {
    int carry = 0;
#pragma unroll
    for (int i = 0; i < Radices; i++) {
      digits[i] += steps_[i] + carry;
      carry = digits[i] >= radices_[i] ? 1 : 0;
      if (carry) digits[i] -= radices_[i];
    }
    quotient += quotient_step_ + carry;
  }

 private:
  int radices_[Radices], steps_[Radices];
  long long quotient_step_;
};

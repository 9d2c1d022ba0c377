// Places of elements without a division for each.
#pragma once
#include "common/platform.cuh"

/// The numbers first, first + step, ... divided by another: quotient and remainder of one after the other.
struct QuotientWalk {
  long long quotient, remainder;

  DEVICE QuotientWalk(long long first, long long step, long long divisor)
      : quotient(first / divisor),
        remainder(first % divisor),
        quotient_step_(step / divisor),
        remainder_step_(step % divisor),
        divisor_(divisor) {}

  DEVICE void advance() {
    quotient += quotient_step_;
    remainder += remainder_step_;
    if (remainder < divisor_) return;
    remainder -= divisor_;
    quotient++;
  }

 private:
  long long quotient_step_, remainder_step_, divisor_;
};

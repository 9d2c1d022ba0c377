// The emulator catches what a GPU would leave to chance, and says where.
#include "harness.h"

using namespace test;

namespace {

struct Misuse {
  float* out;
  const float* in;
};

Buffer<float> out(256), in(256, [](std::size_t i) { return 1.0 + static_cast<double>(i); });

/// The message of a launch that must fail.
void expect_failure(const char* kernel, int threads, std::size_t shared, const char* message) {
  checks++;
  Misuse p{out.data(), in.data()};
  bool failed = emulation_launch(emulation_find_kernel(kernel), 2, 1, 1, threads, shared, &p) != 0;
  std::string error = emulation_last_error();
  if (failed && error.find(message) != std::string::npos && error.find(kernel) != std::string::npos &&
      error.find('\n') == std::string::npos)
    return;
  fail("%s: expected '%s', got '%s'", kernel, message, error.c_str());
}

/// A launch that succeeds, with something wrong in its result.
void expect_nonsense(const char* kernel, int threads, std::size_t shared) {
  checks++;
  std::memset(out.data(), 0, 256 * sizeof(float));
  launch(kernel, 1, 1, 1, threads, shared, Misuse{out.data(), in.data()});
  for (int i = 0; i < threads; i++)
    if (std::isnan(out[i])) return;
  fail("%s: no NaN in its result", kernel);
}

}  // namespace

int main() {
  for (int seed = 1; seed <= 5; seed++) {
    emulation_configure(1, seed);
    expect_failure("misuse_divergent_barrier", 64, 0, "divergent barrier");
    expect_failure("misuse_deadlock", 64, 0, "deadlock: no thread can go on");
    expect_failure("misuse_missing_lane", 32, 0, "deadlock");
    expect_failure("misuse_copy_in_flight", 32, 512, "ended with asynchronous copies in flight");
    expect_failure("misuse_copy_alignment", 32, 512, "thread");
    expect_failure("misuse_copy_alignment", 32, 512, "cp.async needs an address that is a multiple of 16");
    expect_failure("misuse_matrix_alignment", 32, 512, "ldmatrix needs an address that is a multiple of 16");
    expect_failure("misuse_shared_overrun", 32, 128, "wrote beyond its dynamic shared memory of 128 bytes");
    expect_failure("misuse_uninitialized", 64, 0, "made for at most 32");
    expect_failure("misuse_uninitialized", 32, 300 * 1024, "a block has at most");
    expect_failure("misuse_barrier_uninitialized", 32, 128, "a barrier in shared memory that was not initialized");
    expect_failure("misuse_barrier_overrun", 32, 128, "where all of 2 have arrived");
    expect_failure(
        "misuse_barrier_short", 32, 128,
        "thread 0: deadlock: waits for a phase of a barrier in shared memory that nothing will end");
    expect_failure("misuse_bulk_in_flight", 32, 384, "ended with bulk copies in flight");
    expect_failure("misuse_bulk_expects_less", 32, 384, "more bytes arrive");
    expect_failure("misuse_bulk_expects_more", 32, 384, "deadlock: waits for a phase of a barrier in shared memory");
    expect_failure("misuse_bulk_size", 32, 384, "a size that is a multiple of 16");
    expect_failure("misuse_product_unfenced", 128, 4096, "without wgmma.fence");
    expect_failure("misuse_product_of_stores", 128, 4096, "without fence.proxy.async");
    expect_failure("misuse_product_in_flight", 128, 4096, "ended with matrix products in flight");
    expect_failure("misuse_product_differs", 128, 4096, "multiply different matrices");
    expect_failure("misuse_product_beyond", 128, 4096, "beyond the dynamic shared memory");
    expect_failure("misuse_product_of_a_warp", 128, 4096, "ended with matrix products in flight");
    expect_failure("misuse_product_in_flight", 96, 4096, "warpgroups of 128 threads");
    expect_nonsense("misuse_bulk_early_read", 32, 384);
    expect_nonsense("misuse_uninitialized", 32, 0);
    expect_nonsense("misuse_early_read", 32, 512);
    expect_nonsense("misuse_missing_barrier", 256, 0);
  }
  return report();
}

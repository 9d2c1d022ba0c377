#include "peaks.h"

#include <algorithm>

namespace {

/// The one function of cuBLAS that is needed.
class Cublas {
 public:
  Cublas() : library_({"libcublas.so.13", "libcublas.so.12"}, "the products' peak is not measured") {
    int (*create)(void**);
    library_.find(create, "cublasCreate_v2");
    library_.find(destroy_, "cublasDestroy_v2");
    library_.find(gemm_, "cublasGemmEx");
    if (create(&handle_)) throw Missing("cuBLAS does not start");
  }
  ~Cublas() { destroy_(handle_); }
  Cublas(const Cublas&) = delete;
  Cublas& operator=(const Cublas&) = delete;

  /// c = a b, square matrices.
  void multiply(Precision precision, int n, const void* a, const void* b, void* c) {
    constexpr int R_32F = 0, R_16BF = 14, COMPUTE_32F = 68, COMPUTE_32F_FAST_TF32 = 77, DEFAULT = -1;
    int type = precision == Precision::Bf16 ? R_16BF : R_32F;
    float one = 1, zero = 0;
    if (gemm_(handle_, 0, 0, n, n, n, &one, a, type, n, b, type, n, &zero, c, type, n, precision == Precision::Tf32 ? COMPUTE_32F_FAST_TF32 : COMPUTE_32F, DEFAULT))
      throw Missing("cuBLAS refuses the product");
  }

 private:
  Library library_;
  void* handle_ = nullptr;
  int (*destroy_)(void*);
  int (*gemm_)(void*, int, int, int, int, int, const void*, const void*, int, int, const void*, int, int, const void*, void*, int, int, int, int);
};

}  // namespace

Peaks Peaks::measure(Gpu& gpu, int64_t copy_bytes, int64_t gemm_size) {
  constexpr int RUNS = 10;
  Peaks peaks;
  {
    Gpu::Buffer from(gpu, copy_bytes), to(gpu, copy_bytes);
    from.fill(0x3c);
    peaks.copy_gbs = 2 * double(copy_bytes) / gpu.time(RUNS, [&] { to.copy_from(from); }).median_ms / 1e6;
  }
  try {
    Cublas cublas;
    int64_t count = gemm_size * gemm_size;
    for (Precision precision : {Precision::Fp32, Precision::Tf32, Precision::Bf16}) {
      std::vector<float> values = random_values(count, 1, precision);
      Gpu::Buffer a(gpu, 4 * count), b(gpu, 4 * count), c(gpu, 4 * count);
      for (Gpu::Buffer* buffer : {&a, &b}) {
        if (precision == Precision::Bf16)
          buffer->upload(to_bf16(values).data(), 2 * count);
        else
          buffer->upload(values.data(), 4 * count);
      }
      double ms = gpu.time(RUNS, [&] { cublas.multiply(precision, int(gemm_size), a.pointer(), b.pointer(), c.pointer()); }).median_ms;
      peaks.gemm_tflops[precision] = 2.0 * double(count) * double(gemm_size) / ms / 1e9;
    }
  } catch (const Missing& missing) {
    peaks.complaint = missing.what();
  }
  return peaks;
}

DataSheet DataSheet::of(const std::string& gpu_name) {
  if (gpu_name.find("H200") != std::string::npos) return {4800, {67, 494.5, 989}};
  if (gpu_name.find("H100") != std::string::npos && gpu_name.find("PCIe") == std::string::npos) return {3350, {67, 494.5, 989}};
  if (gpu_name.find("A100") != std::string::npos) return {gpu_name.find("80GB") != std::string::npos ? 2039.0 : 1555.0, {19.5, 156, 312}};
  return {0, {0, 0, 0}};
}

// What this GPU reaches, measured in the same run: the ceilings that layers are held against.
#pragma once
#include <map>
#include <string>

#include "gpu.h"
#include "reference.h"

struct Peaks {
  double copy_gbs = 0;                       // bytes read and written by a copy
  std::map<Precision, double> gemm_tflops;  // of a square product of random numbers by cuBLAS
  std::string complaint;                     // why products were not measured

  static Peaks measure(Gpu& gpu, int64_t copy_bytes, int64_t gemm_size);
};

/// Rates of a product's data sheet, dense: TFLOP/s and GB/s. Zero where we have none.
struct DataSheet {
  double bandwidth_gbs, tflops[3];  // by Precision

  static DataSheet of(const std::string& gpu_name);
};

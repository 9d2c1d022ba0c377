// Every kernel of the library by name, with the size of its parameter block.
#pragma once
#include <cstddef>

namespace emulation {

struct Kernel {
  const char* name;
  int threads;  // the most that a block may have
  int cluster;  // blocks along x that run together
  std::size_t parameter_bytes;
  void (*body)(const void* parameters);
  Kernel* next;
};

/// The first of a list of all kernels.
Kernel*& kernels();

/// Adds a kernel to the list while the library is loaded.
struct Registration : Kernel {
  Registration(const char* name, int threads, int cluster, std::size_t parameter_bytes, void (*body)(const void*));
};

}  // namespace emulation

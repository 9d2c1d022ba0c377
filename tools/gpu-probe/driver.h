// The few functions of the CUDA driver that the probe calls, opened when it runs.
#pragma once
#include <cstdint>
#include <string>

#include "library.h"

class Driver {
 public:
  using Address = uint64_t;

  /// The first GPU, with the kernels of a cubin. Throws Missing or std::runtime_error, with one line.
  explicit Driver(const std::string& cubin);

  int multiprocessors() const { return multiprocessors_; }
  Address allocate(size_t bytes) const;
  void upload(Address target, const void* source, size_t bytes) const;
  void download(void* target, Address source, size_t bytes) const;

  /// Runs a kernel with its block of parameters and waits for its end. Returns its milliseconds.
  template <typename Parameters>
  float run(const char* kernel, int blocks, int threads, int shared_bytes, const Parameters& parameters) const {
    return launch(kernel, blocks, threads, shared_bytes, &parameters);
  }

 private:
  void check(int code, const std::string& attempt) const;
  float launch(const char* kernel, int blocks, int threads, int shared_bytes, const void* parameters) const;

  Library library_;
  int (*error_name_)(int, const char**);
  int (*allocate_)(Address*, size_t), (*copy_)(Address, Address, size_t, void*), (*wait_)(void*);
  int (*function_)(void**, void*, const char*), (*set_attribute_)(void*, int, int);
  int (*launch_)(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**, void**);
  int (*record_)(void*, void*), (*elapsed_)(float*, void*, void*);
  void *module_ = nullptr, *begin_ = nullptr, *end_ = nullptr;
  int multiprocessors_ = 0;
};

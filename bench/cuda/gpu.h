// A GPU through the driver's API (libcuda.so.1), without CUDA's headers.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "library.h"

/// Times of repeated runs, each with cold caches.
struct Times {
  double median_ms, minimum_ms;
  double noise_percent;  // half of the distance between the quartiles, of the median
  int runs;
};

class Gpu {
 public:
  using Address = uint64_t;

  /// Device memory, freed with the object.
  class Buffer {
   public:
    Buffer(Gpu& gpu, int64_t bytes);
    ~Buffer();
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    void* pointer() const { return reinterpret_cast<void*>(address_); }
    int64_t bytes() const { return bytes_; }
    void upload(const void* source, int64_t bytes);
    void download(void* target, int64_t bytes) const;
    void fill(unsigned char value);
    void copy_from(const Buffer& source);

   private:
    Gpu& gpu_;
    int64_t bytes_;
    Address address_ = 0;
  };

  /// The first GPU, in the context that the libraries share. Throws Missing.
  Gpu();

  const std::string& name() const { return name_; }
  int driver_version() const { return driver_version_; }
  int64_t l2_bytes() const { return l2_bytes_; }
  int64_t free_bytes() const;

  /// Runs the work on the default stream: some times to warm up, then `runs` times, before each of which the L2 is overwritten.
  Times time(int runs, const std::function<void()>& work, int warm_up_runs = 2);

  void synchronize() const;

 private:
  struct Api {
    int (*init)(unsigned), (*driver_version)(int*), (*device_count)(int*), (*device_name)(char*, int, int), (*device_attribute)(int*, int, int);
    int (*retain_context)(void**, int), (*set_context)(void*), (*memory_info)(size_t*, size_t*);
    int (*allocate)(Address*, size_t), (*release)(Address), (*copy)(Address, Address, size_t, void*), (*set)(Address, unsigned char, size_t, void*);
    int (*create_event)(void**, unsigned), (*record_event)(void*, void*), (*elapsed)(float*, void*, void*), (*destroy_event)(void*), (*wait)(void*);
    int (*error_name)(int, const char**);
  };

  void check(int code, const char* attempt) const;

  Library library_;
  Api api_{};
  std::string name_;
  int driver_version_ = 0;
  int64_t l2_bytes_ = 0;
};

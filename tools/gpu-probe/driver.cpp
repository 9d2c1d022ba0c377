#include "driver.h"

#include <fstream>
#include <iterator>
#include <vector>

enum { MULTIPROCESSORS = 16, MAX_DYNAMIC_SHARED = 8 };  // CUdevice_attribute, CUfunction_attribute

Driver::Driver(const std::string& cubin) : library_({"libcuda.so.1"}, "the probe needs a machine with an NVIDIA GPU and its driver") {
  int (*init)(unsigned), (*device)(int*, int), (*attribute)(int*, int, int), (*retain)(void**, int), (*set_context)(void*), (*load)(void**, const void*), (*create_event)(void**, unsigned);
  library_.find(error_name_, "cuGetErrorName");
  library_.find(init, "cuInit");
  library_.find(device, "cuDeviceGet");
  library_.find(attribute, "cuDeviceGetAttribute");
  library_.find(retain, "cuDevicePrimaryCtxRetain");
  library_.find(set_context, "cuCtxSetCurrent");
  library_.find(load, "cuModuleLoadData");
  library_.find(create_event, "cuEventCreate");
  library_.find(allocate_, "cuMemAlloc_v2");
  library_.find(copy_, "cuMemcpyAsync");
  library_.find(wait_, "cuStreamSynchronize");
  library_.find(function_, "cuModuleGetFunction");
  library_.find(set_attribute_, "cuFuncSetAttribute");
  library_.find(launch_, "cuLaunchKernel");
  library_.find(record_, "cuEventRecord");
  library_.find(elapsed_, "cuEventElapsedTime");

  std::ifstream file(cubin, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + cubin);
  std::vector<char> image((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  int number = 0;
  void* context = nullptr;
  check(init(0), "start the driver");
  check(device(&number, 0), "find a GPU");
  check(attribute(&multiprocessors_, MULTIPROCESSORS, number), "ask for the GPU's size");
  check(retain(&context, number), "open the GPU");
  check(set_context(context), "use the GPU");
  check(load(&module_, image.data()), "load " + cubin);
  check(create_event(&begin_, 0), "make an event");
  check(create_event(&end_, 0), "make an event");
}

void Driver::check(int code, const std::string& attempt) const {
  if (!code) return;
  const char* name = nullptr;
  error_name_(code, &name);
  throw std::runtime_error("cannot " + attempt + ": " + (name ? name : "unknown CUDA error"));
}

Driver::Address Driver::allocate(size_t bytes) const {
  Address address = 0;
  check(allocate_(&address, bytes), "allocate memory");
  return address;
}

void Driver::upload(Address target, const void* source, size_t bytes) const {
  check(copy_(target, reinterpret_cast<Address>(source), bytes, nullptr), "copy to the GPU");
  check(wait_(nullptr), "copy to the GPU");
}

void Driver::download(void* target, Address source, size_t bytes) const {
  check(copy_(reinterpret_cast<Address>(target), source, bytes, nullptr), "copy from the GPU");
  check(wait_(nullptr), "copy from the GPU");
}

float Driver::launch(const char* kernel, int blocks, int threads, int shared_bytes, const void* parameters) const {
  void* function = nullptr;
  check(function_(&function, module_, kernel), std::string("find ") + kernel);
  if (shared_bytes > 48 * 1024) check(set_attribute_(function, MAX_DYNAMIC_SHARED, shared_bytes), "ask for shared memory");
  void* block[] = {const_cast<void*>(parameters)};
  check(record_(begin_, nullptr), "record an event");
  check(launch_(function, unsigned(blocks), 1, 1, unsigned(threads), 1, 1, unsigned(shared_bytes), nullptr, block, nullptr), std::string("launch ") + kernel);
  check(record_(end_, nullptr), "record an event");
  check(wait_(nullptr), std::string("run ") + kernel);
  float milliseconds = 0;
  check(elapsed_(&milliseconds, begin_, end_), "time an event");
  return milliseconds;
}

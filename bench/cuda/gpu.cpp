#include "gpu.h"

#include <algorithm>

static constexpr int L2_BYTES = 38;  // CUdevice_attribute

Gpu::Gpu() : library_({"libcuda.so.1"}, "this program needs a machine with an NVIDIA GPU and its driver") {
  library_.find(api_.init, "cuInit");
  library_.find(api_.driver_version, "cuDriverGetVersion");
  library_.find(api_.device_count, "cuDeviceGetCount");
  library_.find(api_.device_name, "cuDeviceGetName");
  library_.find(api_.device_attribute, "cuDeviceGetAttribute");
  library_.find(api_.retain_context, "cuDevicePrimaryCtxRetain");
  library_.find(api_.set_context, "cuCtxSetCurrent");
  library_.find(api_.memory_info, "cuMemGetInfo_v2");
  library_.find(api_.allocate, "cuMemAlloc_v2");
  library_.find(api_.release, "cuMemFree_v2");
  library_.find(api_.copy, "cuMemcpyAsync");
  library_.find(api_.set, "cuMemsetD8Async");
  library_.find(api_.create_event, "cuEventCreate");
  library_.find(api_.record_event, "cuEventRecord");
  library_.find(api_.elapsed, "cuEventElapsedTime");
  library_.find(api_.destroy_event, "cuEventDestroy_v2");
  library_.find(api_.wait, "cuStreamSynchronize");
  library_.find(api_.error_name, "cuGetErrorName");

  int devices = 0;
  if (api_.init(0) || api_.device_count(&devices) || devices == 0) throw Missing("the CUDA driver sees no GPU (is one hidden by CUDA_VISIBLE_DEVICES?)");
  check(api_.driver_version(&driver_version_), "ask for the driver's version");
  char name[256] = "";
  check(api_.device_name(name, sizeof name, 0), "ask for the GPU's name");
  name_ = name;
  int l2 = 0;
  check(api_.device_attribute(&l2, L2_BYTES, 0), "ask for the size of the L2");
  l2_bytes_ = l2;
  void* context = nullptr;
  check(api_.retain_context(&context, 0), "open the GPU");
  check(api_.set_context(context), "use the GPU");
}

void Gpu::check(int code, const char* attempt) const {
  if (!code) return;
  const char* name = nullptr;
  api_.error_name(code, &name);
  throw std::runtime_error(std::string("cannot ") + attempt + ": " + (name ? name : "unknown CUDA error"));
}

int64_t Gpu::free_bytes() const {
  size_t available = 0, total = 0;
  check(api_.memory_info(&available, &total), "ask for the free memory");
  return int64_t(available);
}

void Gpu::synchronize() const { check(api_.wait(nullptr), "run on the GPU"); }

Gpu::Buffer::Buffer(Gpu& gpu, int64_t bytes) : gpu_(gpu), bytes_(bytes) { gpu.check(gpu.api_.allocate(&address_, size_t(std::max<int64_t>(bytes, 1))), "allocate device memory"); }

Gpu::Buffer::~Buffer() { gpu_.api_.release(address_); }

void Gpu::Buffer::upload(const void* source, int64_t bytes) {
  gpu_.check(gpu_.api_.copy(address_, Address(reinterpret_cast<uintptr_t>(source)), size_t(bytes), nullptr), "copy to the GPU");
  gpu_.synchronize();
}

void Gpu::Buffer::download(void* target, int64_t bytes) const {
  gpu_.check(gpu_.api_.copy(Address(reinterpret_cast<uintptr_t>(target)), address_, size_t(bytes), nullptr), "copy from the GPU");
  gpu_.synchronize();
}

void Gpu::Buffer::fill(unsigned char value) { gpu_.check(gpu_.api_.set(address_, value, size_t(bytes_), nullptr), "fill device memory"); }

void Gpu::Buffer::copy_from(const Buffer& source) { gpu_.check(gpu_.api_.copy(address_, source.address_, size_t(std::min(bytes_, source.bytes_)), nullptr), "copy on the GPU"); }

Times Gpu::time(int runs, const std::function<void()>& work, int warm_up_runs) {
  // Four times the L2: what is left of the last run is gone, and the launch is queued before the GPU gets to it.
  Buffer flush(*this, 4 * l2_bytes_);
  std::vector<void*> events(size_t(2 * runs));
  for (void*& event : events) check(api_.create_event(&event, 0), "create an event");
  for (int i = 0; i < warm_up_runs; i++) work();
  for (int i = 0; i < runs; i++) {
    flush.fill(static_cast<unsigned char>(i));
    check(api_.record_event(events[size_t(2 * i)], nullptr), "record an event");
    work();
    check(api_.record_event(events[size_t(2 * i + 1)], nullptr), "record an event");
  }
  synchronize();
  std::vector<double> times;
  for (int i = 0; i < runs; i++) {
    float ms = 0;
    check(api_.elapsed(&ms, events[size_t(2 * i)], events[size_t(2 * i + 1)]), "read an event");
    times.push_back(ms);
  }
  for (void* event : events) api_.destroy_event(event);
  std::sort(times.begin(), times.end());
  size_t n = times.size();
  double median = n % 2 ? times[n / 2] : (times[n / 2 - 1] + times[n / 2]) / 2;
  return {median, times[0], 50 * (times[(3 * n) / 4] - times[n / 4]) / median, runs};
}

#include "library.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cluster.h"
#include "registry.h"

namespace emulation {

namespace {

constexpr std::size_t kMostDynamicShared = 227 * 1024;  // what sm_90 grants on request

std::atomic<int> workers{0};
std::atomic<std::uint64_t> schedule_seed{1};
thread_local std::string last_error;

bool valid(const LaunchRequest& request, const Kernel& kernel) {
  auto refuse = [&](const std::string& what) {
    last_error = std::string("kernel ") + kernel.name + ": " + what;
    return false;
  };
  if (request.threads < 1 || request.threads > kernel.threads)
    return refuse(
        "launched with " + std::to_string(request.threads) + " threads, but made for at most " + std::to_string(kernel.threads));
  if (request.dynamic_shared > kMostDynamicShared)
    return refuse(
        "asks for " + std::to_string(request.dynamic_shared) + " bytes of shared memory; a block has at most " +
        std::to_string(kMostDynamicShared));
  if (request.grid.x < 1 || request.grid.y < 1 || request.grid.z < 1 || request.grid.y > 65535 || request.grid.z > 65535)
    return refuse(
        "grid " + std::to_string(request.grid.x) + " x " + std::to_string(request.grid.y) + " x " +
        std::to_string(request.grid.z) + " is empty or beyond 65535 along y or z");
  if (request.grid.x % static_cast<unsigned>(kernel.cluster) != 0)
    return refuse(
        "launched with " + std::to_string(request.grid.x) + " blocks along x, which are not whole clusters of " +
        std::to_string(kernel.cluster));
  return true;
}

bool run_all(const LaunchRequest& request) {
  unsigned across = request.grid.x / static_cast<unsigned>(request.cluster);
  std::uint64_t clusters = static_cast<std::uint64_t>(across) * request.grid.y * request.grid.z;
  std::atomic<std::uint64_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex gate;
  std::string error;
  auto work = [&] {
    Cluster cluster(request);
    for (std::uint64_t i; !failed && (i = next++) < clusters;) {
      uint3 first{
          static_cast<unsigned>(i % across * request.cluster), static_cast<unsigned>(i / across % request.grid.y),
          static_cast<unsigned>(i / across / request.grid.y)};
      if (cluster.run(first)) continue;
      failed = true;
      std::lock_guard<std::mutex> lock(gate);
      if (error.empty()) error = cluster.error();
    }
  };
  int wanted = workers > 0 ? workers.load() : static_cast<int>(std::thread::hardware_concurrency());
  std::vector<std::thread> team;
  for (std::uint64_t i = 1; i < std::min<std::uint64_t>(std::max(wanted, 1), clusters); i++) team.emplace_back(work);
  work();
  for (std::thread& thread : team) thread.join();
  last_error = error;
  return !failed;
}

}  // namespace

Kernel*& kernels() {
  static Kernel* first = nullptr;
  return first;
}

Registration::Registration(const char* name, int threads, int cluster, std::size_t parameter_bytes, void (*body)(const void*))
    : Kernel{name, threads, cluster, parameter_bytes, body, kernels()} {
  kernels() = this;
}

}  // namespace emulation

const void* emulation_find_kernel(const char* name) {
  for (const emulation::Kernel* kernel = emulation::kernels(); kernel; kernel = kernel->next)
    if (std::strcmp(kernel->name, name) == 0) return kernel;
  return nullptr;
}

size_t emulation_parameter_bytes(const void* kernel) { return static_cast<const emulation::Kernel*>(kernel)->parameter_bytes; }

int emulation_max_threads(const void* kernel) { return static_cast<const emulation::Kernel*>(kernel)->threads; }

int emulation_launch(
    const void* handle, int grid_x, int grid_y, int grid_z, int threads, size_t dynamic_shared, const void* parameters) {
  auto& kernel = *static_cast<const emulation::Kernel*>(handle);
  emulation::LaunchRequest request{
      kernel.name,
      kernel.body,
      parameters,
      {static_cast<unsigned>(grid_x), static_cast<unsigned>(grid_y), static_cast<unsigned>(grid_z)},
      threads,
      dynamic_shared,
      emulation::schedule_seed,
      kernel.cluster};
  return emulation::valid(request, kernel) && emulation::run_all(request) ? 0 : 1;
}

const char* emulation_last_error(void) { return emulation::last_error.c_str(); }

void emulation_configure(int workers, uint64_t seed) {
  emulation::workers = workers;
  emulation::schedule_seed = seed;
}

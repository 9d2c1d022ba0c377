// Loops over all cores.
#pragma once
#include <algorithm>
#include <cstdint>
#include <thread>
#include <vector>

/// Calls f(i) for i in [0, count), each core a range of its own.
template <typename F>
void parallel_for(int64_t count, F f) {
  int64_t workers = std::clamp<int64_t>(std::thread::hardware_concurrency(), 1, std::max<int64_t>(count, 1));
  std::vector<std::thread> threads;
  for (int64_t t = 0; t < workers; t++)
    threads.emplace_back([=] {
      for (int64_t i = count * t / workers; i < count * (t + 1) / workers; i++) f(i);
    });
  for (std::thread& thread : threads) thread.join();
}

// The blocks that run at the same time, because they may wait for each other: one, or as many as the kernel's clusters have.
#pragma once
#include <memory>

#include "block.h"

namespace emulation {

/// Runs the clusters of a launch one after the other on one OS thread.
class Cluster {
 public:
  explicit Cluster(const LaunchRequest& request);

  /// Runs the blocks from `first` on to their end. False when one of them misused the machine; `error` says how.
  bool run(uint3 first);

  const std::string& error() const { return error_; }

  Block& block(int rank) { return *blocks_[rank]; }

  /// Where all threads of the cluster meet.
  Rendezvous meeting;

 private:
  std::vector<std::unique_ptr<Block>> blocks_;
  std::string error_;
};

}  // namespace emulation

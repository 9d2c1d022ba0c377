#include "cluster.h"

#include <algorithm>

namespace emulation {

Cluster::Cluster(const LaunchRequest& request) {
  for (int rank = 0; rank < request.cluster; rank++) blocks_.push_back(std::make_unique<Block>(request, *this));
}

bool Cluster::run(uint3 first) {
  meeting = Rendezvous();
  for (unsigned rank = 0; rank < blocks_.size(); rank++) blocks_[rank]->begin({first.x + rank, first.y, first.z});
  auto any = [&](auto what) { return std::any_of(blocks_.begin(), blocks_.end(), [&](auto& block) { return what(*block); }); };
  auto failed = [](const Block& block) { return block.failed(); };
  while (!any(failed) && any([](const Block& block) { return !block.ended(); })) {
    bool moved = false;
    for (auto& block : blocks_) moved |= !any(failed) && block->advance();
    if (moved || any(failed) || any([](Block& block) { return block.finish_bulk_copy(); }) ||
        any([](Block& block) { return block.advance_last(); }))
      continue;
    auto stuck = std::find_if(blocks_.begin(), blocks_.end(), [](auto& block) { return !block->ended(); });
    (*stuck)->record_deadlock();
  }
  for (auto& block : blocks_) {
    if (!any(failed)) block->inspect();
    if (block->failed() && error_.empty()) error_ = block->error();
  }
  return !any(failed);
}

}  // namespace emulation

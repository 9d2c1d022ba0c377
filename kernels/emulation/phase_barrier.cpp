// Barriers in shared memory (mbarrier) and the bulk copies that arrive at them.
#include <cstring>

#include "block.h"

namespace emulation {

PhaseBarrier& Block::barrier_at(std::uint64_t* barrier, Block& by) {
  auto found = phase_barriers_.find(barrier);
  if (found == phase_barriers_.end()) by.fail("uses a barrier in shared memory that was not initialized");
  return found->second;
}

void Block::settle(PhaseBarrier& barrier) {
  if (barrier.missing > 0 || barrier.bytes != 0) return;
  barrier.missing = barrier.expected;
  barrier.phase.generation++;
}

void Block::initialize_barrier(std::uint64_t* barrier, int arrivals) {
  if (arrivals < 1) fail("initializes a barrier in shared memory for no arrivals");
  phase_barriers_[barrier] = {Rendezvous(), arrivals, arrivals};
}

void Block::arrive(std::uint64_t* barrier, std::int64_t expected_bytes, Block& by) {
  PhaseBarrier& at = barrier_at(barrier, by);
  if (at.missing == 0)
    by.fail("arrives at a barrier in shared memory where all of " + std::to_string(at.expected) + " have arrived in this phase");
  if (expected_bytes == 0 && !by.self().published) at.unpublished = at.phase.generation + 1;
  at.missing--;
  at.bytes += expected_bytes;
  settle(at);
}

void Block::wait_for_phase(std::uint64_t* barrier, unsigned parity) {
  PhaseBarrier& at = barrier_at(barrier, *this);
  self().waits_for_phase = true;
  if (at.phase.generation % 2 == parity) wait(at.phase, at.phase.generation);
  self().waits_for_phase = false;
  self().published = false;
  self().sees_unpublished |= at.phase.generation > 0 && at.unpublished == at.phase.generation;
}

void Block::start_bulk_copy(const BulkCopy& bulk, Block& by) {
  barrier_at(bulk.barrier, by);
  std::memset(bulk.copy.target, 0xFF, bulk.copy.bytes);
  bulk_copies_.push_back(bulk);
}

bool Block::finish_bulk_copy() {
  if (bulk_copies_.empty()) return false;
  std::size_t chosen = random(static_cast<unsigned>(bulk_copies_.size()));  // they may overtake one another
  BulkCopy bulk = bulk_copies_[chosen];
  bulk_copies_.erase(bulk_copies_.begin() + static_cast<std::ptrdiff_t>(chosen));
  std::memcpy(bulk.copy.target, bulk.copy.source, bulk.copy.bytes);
  PhaseBarrier& at = phase_barriers_.at(bulk.barrier);
  at.bytes -= bulk.copy.bytes;
  // Another block's copy may come before this block has said how many bytes it expects.
  if (at.bytes < 0 && at.missing == 0) record_failure(nullptr, "more bytes arrive at a barrier in shared memory than it expects");
  settle(at);
  return true;
}

}  // namespace emulation

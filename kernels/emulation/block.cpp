#include "block.h"

#include <cstdlib>
#include <cstring>
#include <utility>

#include "cluster.h"
#include "fiber.h"

namespace emulation {

namespace {

constexpr std::size_t kStackBytes = 64 * 1024;
constexpr std::size_t kCanaryBytes = 256;
constexpr std::size_t kSharedAlignment = 1024;
constexpr char kCanary = 0x5A;

}  // namespace

thread_local Block* current = nullptr;

Block::Poisoned::Poisoned(std::size_t bytes) : storage_(bytes + kCanaryBytes + kSharedAlignment), bytes_(bytes) {
  auto address = reinterpret_cast<std::uintptr_t>(storage_.data());
  start_ = storage_.data() + (kSharedAlignment - address % kSharedAlignment) % kSharedAlignment;
  reset();
}

void Block::Poisoned::reset() {
  std::memset(start_, 0xFF, bytes_);  // NaN as float, double and bfloat16
  std::memset(start_ + bytes_, kCanary, kCanaryBytes);
}

bool Block::Poisoned::intact() const {
  for (std::size_t i = 0; i < kCanaryBytes; i++)
    if (start_[bytes_ + i] != kCanary) return false;
  return true;
}

Block::Block(const LaunchRequest& request, Cluster& cluster)
    : request_(request),
      cluster_(cluster),
      threads_(request.threads),
      warps_((request.threads + kWarpSize - 1) / kWarpSize),
      warpgroups_((request.threads + kWarpgroupSize - 1) / kWarpgroupSize),
      dynamic_(request.dynamic_shared) {
  for (int i = 0; i < request.threads; i++) stacks_.push_back(static_cast<char*>(std::aligned_alloc(4096, kStackBytes)));
}

Block::~Block() {
  for (char* stack : stacks_) std::free(stack);
}

int Block::warp_lanes() const { return std::min(kWarpSize, request_.threads - running_->warp() * kWarpSize); }

void* Block::static_shared(const void* key, std::size_t bytes) {
  for (auto& variable : static_)
    if (variable.key == key) return variable.memory.data();
  static_.push_back({key, Poisoned(bytes)});
  return static_.back().memory.data();
}

void Block::barrier(int site) {
  if (barrier_.arrived > 0 && barrier_.site != site)
    fail(
        "divergent barrier: waits at line " + std::to_string(site) + " while others wait at line " +
        std::to_string(barrier_.site));
  barrier_.site = site;
  meet(barrier_, live_, [] {});
}

void Block::barrier_among(int threads) {
  if (threads <= 0 || threads % kWarpSize != 0)
    fail("waits for " + std::to_string(threads) + " threads at a barrier, which counts whole warps");
  if (barrier_among_.arrived > 0 && barrier_among_.site != threads)
    fail("waits at a barrier for another number of threads than those that are there");
  barrier_among_.site = threads;
  meet(barrier_among_, threads, [] {});
}

Block& Block::peer(int rank) {
  if (rank < 0 || rank >= request_.cluster)
    fail("reaches for block " + std::to_string(rank) + " of a cluster of " + std::to_string(request_.cluster));
  Block& peer = cluster_.block(rank);
  if (peer.ended()) fail("reaches into the shared memory of a block that has ended");
  return peer;
}

void Block::cluster_barrier() {
  meet(cluster_.meeting, request_.cluster * request_.threads, [] {});
}

void Block::wait(Rendezvous& meeting, std::uint64_t generation) {
  Thread& thread = self();
  thread.waits_at = &meeting;
  thread.waits_for = generation;
  while (meeting.generation == generation) switch_fiber(&thread.stack_pointer, scheduler_);
  thread.waits_at = nullptr;
}

void Block::fail(const std::string& what) {
  record_failure(running_, what);
  while (true) switch_fiber(&self().stack_pointer, scheduler_);
}

void Block::record_failure(const Thread* thread, const std::string& what) {
  failed_ = true;
  if (!error_.empty()) return;
  auto coordinates = [](uint3 v) {
    return "(" + std::to_string(v.x) + ", " + std::to_string(v.y) + ", " + std::to_string(v.z) + ")";
  };
  error_ = std::string("kernel ") + request_.kernel + ", block " + coordinates(index_) +
           (thread ? ", thread " + std::to_string(thread->index) : "") + ": " + what;
}

void Block::record_deadlock() {
  for (const Thread& thread : threads_)
    if (!thread.done && thread.waits_for_phase)
      return record_failure(
          &thread,
          "deadlock: waits for a phase of a barrier in shared memory that nothing will end, until the kernel gives up with an "
          "error");
  record_failure(nullptr, "deadlock: no thread can go on (a barrier or warp operation that not all of them reach)");
}

void Block::enter_thread() {
  Block& block = *current;
  block.request_.body(block.request_.parameters);
  Thread& thread = block.self();
  if (!thread.issued.empty() || !thread.committed.empty()) block.fail("ended with asynchronous copies in flight");
  if (!thread.multiplied.empty() || !thread.products.empty()) block.fail("ended with matrix products in flight");
  thread.done = true;
  block.live_--;
  // Those that wait for the whole block wait for one thread less now.
  if (block.barrier_.arrived > 0 && block.barrier_.arrived == block.live_) {
    block.barrier_.arrived = 0;
    block.barrier_.generation++;
  }
  while (true) switch_fiber(&thread.stack_pointer, block.scheduler_);
}

void Block::start_threads() {
  for (int i = 0; i < request_.threads; i++) {
    unpoison_stack(stacks_[i], kStackBytes);
    threads_[i].restart(i, prepare_fiber(stacks_[i], kStackBytes, &Block::enter_thread));
  }
  for (Warp& warp : warps_) warp.meeting = Rendezvous();
  for (Rendezvous& warpgroup : warpgroups_) warpgroup = Rendezvous();
  phase_barriers_.clear();
  bulk_copies_.clear();
  for (auto& variable : static_) variable.memory.reset();
  dynamic_.reset();
  barrier_ = barrier_among_ = Rendezvous();
  live_ = request_.threads;
  failed_ = false;
}

unsigned Block::random(unsigned bound) {
  random_state_ = random_state_ * 6364136223846793005ull + 1442695040888963407ull;
  return static_cast<unsigned>((random_state_ >> 33) % bound);
}

bool Block::step_warp(int warp) {
  int lanes = std::min(kWarpSize, request_.threads - warp * kWarpSize);
  int at = static_cast<int>(random(lanes)), stride = random(2) ? 1 : lanes - 1;
  bool moved = false;
  for (int i = 0; i < lanes && !failed_; i++, at += stride) {
    if (at >= lanes) at -= lanes;
    Thread& thread = threads_[warp * kWarpSize + at];
    if (thread.done || thread.blocked()) continue;
    moved = true;
    running_ = &thread;
    switch_fiber(&scheduler_, thread.stack_pointer);
  }
  return moved;
}

void Block::begin(uint3 index) {
  index_ = index;
  random_state_ = request_.seed * 0x9E3779B97F4A7C15ull + ((index.z * 65537ull + index.y) * 65537ull + index.x);
  start_threads();
  last_ = warps_.size() > 1 && random(2) ? static_cast<int>(random(static_cast<unsigned>(warps_.size()))) : -1;
}

bool Block::advance() {
  Block* outer = std::exchange(current, this);
  // Some warps run far ahead of others, so that a missing barrier shows as a wrong result.
  bool moved = false;
  int warps = static_cast<int>(warps_.size()), first = static_cast<int>(random(warps));
  for (int i = 0; i < warps && !failed_; i++) {
    int warp = (first + i) % warps, burst = random(4) ? 1 << random(16) : 1;
    for (int step = 0; warp != last_ && step < burst && step_warp(warp); step++) moved = true;
    if (moved && random(2)) break;
  }
  if (moved && !failed_ && random(4) == 0) finish_bulk_copy();  // some come early, the others when nothing else is left to do
  current = outer;
  return moved;
}

bool Block::advance_last() {
  if (last_ < 0) return false;
  Block* outer = std::exchange(current, this);
  bool moved = step_warp(last_);
  current = outer;
  return moved;
}

void Block::inspect() {
  if (!bulk_copies_.empty()) record_failure(nullptr, "ended with bulk copies in flight");
  if (!dynamic_.intact())
    record_failure(nullptr, "wrote beyond its dynamic shared memory of " + std::to_string(request_.dynamic_shared) + " bytes");
  for (auto& variable : static_)
    if (!variable.memory.intact()) record_failure(nullptr, "wrote beyond a static shared variable");
}

}  // namespace emulation

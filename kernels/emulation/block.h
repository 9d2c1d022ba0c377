// One running thread block: its threads (fibers), warps, barriers and shared memory.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

struct uint3 {
  unsigned x, y, z;
};

namespace emulation {

constexpr int kWarpSize = 32, kWarpgroupSize = 128;

/// An asynchronous copy that was issued and not yet waited for.
struct PendingCopy {
  void* target;
  const void* source;
  unsigned bytes;
};

/// A product of a warpgroup that was issued and not yet waited for: sums += a * b. Both lie in shared memory, or a in the
/// registers of the threads and b transposed.
struct PendingProduct {
  float* sums;
  const std::uint32_t* registers;  // null where a has a descriptor
  std::uint64_t a, b;              // descriptors
  int columns;
};

/// A point that threads leave together. `generation` moves on when the last has arrived.
struct Rendezvous {
  int arrived = 0;
  int site = 0;  // source line of the threads that wait, or what else they must agree on
  std::uint64_t generation = 0;
};

struct Thread {
  void* stack_pointer = nullptr;
  int index = 0;
  bool done = false;
  const Rendezvous* waits_at = nullptr;
  std::uint64_t waits_for = 0;   // runnable again when the rendezvous has left this generation
  bool waits_for_phase = false;  // of a barrier in shared memory
  std::vector<PendingCopy> issued;
  std::deque<std::vector<PendingCopy>> committed;
  std::vector<PendingProduct> multiplied;
  std::deque<std::vector<PendingProduct>> products;
  bool fenced = false;  // may start products
  bool published = false,
       sees_unpublished =
           false;  // to asynchronous reads: its stores since it waited for a barrier, and those of others behind that barrier

  /// A thread that is about to start; what it issued before was waited for, or its launch has failed.
  void restart(int at, void* stack) {
    stack_pointer = stack;
    index = at;
    done = waits_for_phase = fenced = published = sees_unpublished = false;
    waits_at = nullptr;
    issued.clear();
    committed.clear();
    multiplied.clear();
    products.clear();
  }

  int lane() const { return index % kWarpSize; }
  int warp() const { return index / kWarpSize; }
  int warpgroup() const { return index / kWarpgroupSize; }
  bool blocked() const { return waits_at && waits_at->generation == waits_for; }
};

/// A warp's rendezvous and the registers that its lanes exchange there.
struct Warp {
  Rendezvous meeting;
  unsigned mask = 0;
  alignas(16) std::uint32_t deposited[kWarpSize][12];
  alignas(16) std::uint32_t collected[kWarpSize][8];
};

/// A barrier in shared memory; its phase is the rendezvous's generation.
struct PhaseBarrier {
  Rendezvous phase;
  int expected, missing;
  std::int64_t bytes = 0;         // expected and not yet there
  std::uint64_t unpublished = 0;  // the generation that began with stores which fence.proxy.async does not cover
};

/// A bulk copy under way.
struct BulkCopy {
  PendingCopy copy;
  std::uint64_t* barrier;
};

/// What a launch asks for, the same for all of its blocks.
struct LaunchRequest {
  const char* kernel;
  void (*body)(const void* parameters);
  const void* parameters;
  uint3 grid;
  int threads;
  std::size_t dynamic_shared;
  std::uint64_t seed;  // of the warp schedule
  int cluster;         // blocks, neighbours along x, that run together and reach each other's shared memory
};

class Cluster;

/// Runs blocks of a launch, one after the other, in turns with the others of their cluster.
class Block {
 public:
  Block(const LaunchRequest& request, Cluster& cluster);
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  // ---- for the cluster ----
  void begin(uint3 index);

  /// Lets some warps run. False when no thread could go on.
  bool advance();

  /// Lets the warp run that some blocks have for the end of every round. False when it could not go on.
  bool advance_last();

  /// One of the bulk copies under way arrives. False when there is none.
  bool finish_bulk_copy();

  /// What is left undone or was damaged when all threads have ended.
  void inspect();

  bool ended() const { return live_ == 0; }
  bool failed() const { return failed_; }
  const std::string& error() const { return error_; }

  /// Notes that no thread can go on.
  void record_deadlock();

  /// Notes what went wrong, with the kernel, the block and, unless it is null, the thread.
  void record_failure(const Thread* thread, const std::string& what);

  // ---- for the running thread ----
  Thread& self() { return *running_; }
  Warp& warp() { return warps_[running_->warp()]; }
  int warp_lanes() const;
  uint3 index() const { return index_; }
  uint3 grid() const { return request_.grid; }
  int threads() const { return request_.threads; }
  char* dynamic_shared() { return dynamic_.data(); }
  std::size_t dynamic_bytes() const { return request_.dynamic_shared; }
  Thread* warpgroup_threads() { return &threads_[running_->warpgroup() * kWarpgroupSize]; }
  Rendezvous& warpgroup() { return warpgroups_[running_->warpgroup()]; }

  /// Memory of a static shared variable, poisoned at the block's start and the same for all its threads.
  void* static_shared(const void* key, std::size_t bytes);

  /// Waits for all threads of the block that have not ended.
  void barrier(int site);

  /// Waits for as many threads, whichever they are.
  void barrier_among(int threads);

  /// Waits until `participants` threads are at the meeting; `last` runs once, before any of them leaves.
  template <class Last>
  void meet(Rendezvous& meeting, int participants, Last last) {
    std::uint64_t generation = meeting.generation;
    if (++meeting.arrived < participants) {
      wait(meeting, generation);
      return;
    }
    last();
    meeting.arrived = 0;
    meeting.generation++;
  }

  /// Barriers in shared memory, see common/ptx_sm90.cuh. `by` is the thread that arrives, of this block or another of the
  /// cluster.
  void initialize_barrier(std::uint64_t* barrier, int arrivals);
  void arrive(std::uint64_t* barrier, std::int64_t expected_bytes, Block& by);
  void wait_for_phase(std::uint64_t* barrier, unsigned parity);

  /// Starts a copy that is done at random, at the latest when no thread can go on without it. Until then its target is NaN.
  void start_bulk_copy(const BulkCopy& bulk, Block& by);

  /// This block's place in its cluster, and the block at another.
  int rank() const { return static_cast<int>(index_.x) % request_.cluster; }
  Block& peer(int rank);

  /// What has the address of a pointer into this block's shared memory, in another block of the cluster.
  template <class T>
  T* in_peer(T* pointer, Block& peer) {
    return reinterpret_cast<T*>(peer.dynamic_.data() + (reinterpret_cast<char*>(pointer) - dynamic_.data()));
  }

  /// Waits for all threads of the cluster.
  void cluster_barrier();

  /// Ends the block with a message that names kernel, block and thread.
  [[noreturn]] void fail(const std::string& what);

 private:
  /// Memory that is NaN at the start of a block and has a canary behind it.
  class Poisoned {
   public:
    explicit Poisoned(std::size_t bytes);
    void reset();
    bool intact() const;
    char* data() { return start_; }

   private:
    std::vector<char> storage_;
    char* start_;
    std::size_t bytes_;
  };
  struct StaticShared {
    const void* key;
    Poisoned memory;
  };

  static void enter_thread();
  void wait(Rendezvous& meeting, std::uint64_t generation);
  void start_threads();
  bool step_warp(int warp);
  PhaseBarrier& barrier_at(std::uint64_t* barrier, Block& by);
  static void settle(PhaseBarrier& barrier);
  unsigned random(unsigned bound);

  const LaunchRequest& request_;
  Cluster& cluster_;
  uint3 index_{};
  std::vector<Thread> threads_;
  std::vector<Warp> warps_;
  std::vector<Rendezvous> warpgroups_;
  std::map<std::uint64_t*, PhaseBarrier> phase_barriers_;
  std::deque<BulkCopy> bulk_copies_;
  std::vector<char*> stacks_;
  std::vector<StaticShared> static_;
  Poisoned dynamic_;
  Rendezvous barrier_, barrier_among_;
  Thread* running_ = nullptr;
  void* scheduler_ = nullptr;
  int live_ = 0;
  int last_ = -1;  // the warp that waits until nothing else can go on, or none
  bool failed_ = false;
  std::uint64_t random_state_ = 0;
  std::string error_;
};

/// The block that runs on this OS thread.
extern thread_local Block* current __attribute__((tls_model("initial-exec")));

}  // namespace emulation

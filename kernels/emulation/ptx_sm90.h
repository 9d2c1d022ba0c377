// Host versions of the wrappers in common/ptx_sm90.cuh, with the same names. Matrix products read shared memory as late as the
// standard allows: when they are waited for.
#pragma once
#include "ptx.h"

namespace emulation {

/// A matrix in shared memory of tiles of 128 bytes, eight rows of 16, without swizzle.
struct MatrixDescriptor {
  unsigned start, inner,
      outer;  // bytes: of the first tile, between tiles along the inner axis of the product, between tiles along the outer one

  explicit MatrixDescriptor(std::uint64_t bits)
      : start((bits & 0x3fff) << 4), inner((bits >> 16 & 0x3fff) << 4), outer((bits >> 32 & 0x3fff) << 4) {
    if (bits >> 46 != 0) current->fail("matrix descriptor with a base offset or swizzle, which are not emulated");
  }

  /// Reads `outers` x 16 bfloat16 numbers, the inner axis along the rows of a tile or, transposed, across them.
  void read(int outers, bool transposed, float (*matrix)[16]) const {
    if (start + inner + (outers / 8 - 1) * outer + 128 > current->dynamic_bytes())
      current->fail("matrix descriptor points beyond the dynamic shared memory");
    for (int tile = 0; tile < outers / 8 * 2; tile++)
      for (int row = 0; row < 8; row++) {
        std::uint16_t bits[8];
        std::memcpy(bits, current->dynamic_shared() + start + tile / 2 * outer + tile % 2 * inner + row * 16, sizeof bits);
        for (int column = 0; column < 8; column++) {
          int i = tile / 2 * 8 + (transposed ? column : row), k = tile % 2 * 8 + (transposed ? row : column);
          matrix[i][k] = __uint_as_float(static_cast<std::uint32_t>(bits[column]) << 16);
        }
      }
  }
};

/// The 64 x 16 matrix that the threads of a warpgroup hold for their product number `index`.
inline void collect_registers(const Thread* threads, std::size_t index, float (*matrix)[16]) {
  for (int t = 0; t < kWarpgroupSize; t++) {
    const std::uint32_t* registers = threads[t].products.front()[index].registers;
    for (int i = 0; i < 8; i++)
      matrix[t / 32 * 16 + t % 32 / 4 + i / 2 % 2 * 8][t % 4 * 2 + i % 2 + i / 4 * 8] = bfloat16_at(registers, i);
  }
}

/// The product number `index` of the oldest group of every thread of a warpgroup.
inline void multiply_warpgroup(Thread* threads, std::size_t index) {
  const PendingProduct& first = threads[0].products.front()[index];
  bool from_registers = first.registers != nullptr;
  for (int t = 1; t < kWarpgroupSize; t++) {
    const auto& group = threads[t].products.front();
    if (index >= group.size() || group[index].a != first.a || group[index].b != first.b ||
        group[index].columns != first.columns || (group[index].registers != nullptr) != from_registers)
      current->fail("threads of a warpgroup multiply different matrices");
  }
  float a[64][16], b[128][16], columns_of_b[16][128];
  if (from_registers) collect_registers(threads, index, a);
  else MatrixDescriptor(first.a).read(64, false, a);
  MatrixDescriptor(first.b).read(first.columns, from_registers, b);
  for (int column = 0; column < first.columns; column++)
    for (int k = 0; k < 16; k++) columns_of_b[k][column] = b[column][k];
  constexpr int kAtOnce = 32;  // columns whose sums stay in registers; products have 32, 64 or 128
  for (int row = 0; row < 64; row++) {
    float* sums[4];
    for (int i = 0; i < 4; i++) sums[i] = threads[row / 16 * 32 + row % 8 * 4 + i].products.front()[index].sums;
    for (int begin = 0; begin < first.columns; begin += kAtOnce) {
      float products[kAtOnce] = {};
      for (int k = 0; k < 16; k++)
        for (int i = 0; i < kAtOnce; i++) products[i] += a[row][k] * columns_of_b[k][begin + i];
      for (int i = 0; i < kAtOnce; i++) sums[i % 8 / 2][(begin + i) / 8 * 4 + row % 16 / 8 * 2 + i % 2] += products[i];
    }
  }
}

inline void start_product(const PendingProduct& product) {
  Thread& thread = current->self();
  if (!thread.fenced) current->fail("starts a matrix product without wgmma.fence");
  if (thread.sees_unpublished)
    current->fail("starts a matrix product behind a barrier at which threads arrived without fence.proxy.async");
  thread.multiplied.push_back(product);
}

inline void require_whole_warpgroup() {
  if ((current->self().warpgroup() + 1) * kWarpgroupSize > current->threads())
    current->fail("matrix products need warpgroups of 128 threads");
}

}  // namespace emulation

inline std::uint32_t shared_address(const void* pointer) {
  std::ptrdiff_t offset = static_cast<const char*>(pointer) - emulation::current->dynamic_shared();
  if (offset < 0 || offset >= static_cast<std::ptrdiff_t>(emulation::current->dynamic_bytes()))
    emulation::current->fail("needs an address in dynamic shared memory");
  return static_cast<std::uint32_t>(offset);
}

inline void barrier_initialize(std::uint64_t* barrier, int arrivals) {
  emulation::current->initialize_barrier(barrier, arrivals);
}
inline void barrier_arrive(std::uint64_t* barrier) { emulation::current->arrive(barrier, 0, *emulation::current); }
inline void barrier_arrive_expecting(std::uint64_t* barrier, int bytes) {
  emulation::current->arrive(barrier, bytes, *emulation::current);
}
inline void barrier_wait(std::uint64_t* barrier, std::uint32_t parity) { emulation::current->wait_for_phase(barrier, parity); }
inline void barrier_wait_watched(std::uint64_t* barrier, std::uint32_t parity) { barrier_wait(barrier, parity); }

namespace emulation {

inline void start_bulk_copy(Block& to, void* target, const void* source, int bytes, std::uint64_t* barrier) {
  require_aligned(target, 16, "cp.async.bulk");
  require_aligned(source, 16, "cp.async.bulk");
  if (bytes <= 0 || bytes % 16 != 0) current->fail("cp.async.bulk needs a size that is a multiple of 16");
  to.start_bulk_copy({{target, source, static_cast<unsigned>(bytes)}, barrier}, *current);
}

}  // namespace emulation

inline void copy_bulk(void* target, const void* source, int bytes, std::uint64_t* barrier) {
  emulation::start_bulk_copy(*emulation::current, target, source, bytes, barrier);
}

inline int cluster_rank() { return emulation::current->rank(); }
inline void cluster_barrier() { emulation::current->cluster_barrier(); }
inline void fence_barrier_initialization() {}

inline void barrier_arrive_at(std::uint64_t* barrier, int rank) {
  emulation::Block& peer = emulation::current->peer(rank);
  peer.arrive(emulation::current->in_peer(barrier, peer), 0, *emulation::current);
}

inline void copy_bulk_multicast(void* target, const void* source, int bytes, std::uint64_t* barrier, std::uint16_t ranks) {
  for (int rank = 0; rank < 16; rank++) {
    if ((ranks >> rank & 1) == 0) continue;
    emulation::Block& peer = emulation::current->peer(rank);
    emulation::start_bulk_copy(
        peer, emulation::current->in_peer(static_cast<char*>(target), peer), source, bytes,
        emulation::current->in_peer(barrier, peer));
  }
}

inline void fence_async_proxy() {
  emulation::current->self().published = true;
  emulation::current->self().sees_unpublished = false;
}

template <int Count>
inline void lower_registers() {}
template <int Count>
inline void raise_registers() {}

inline void warpgroup_fence() {
  emulation::require_whole_warpgroup();
  emulation::current->self().fenced = true;
}

inline void warpgroup_commit() {
  emulation::Thread& thread = emulation::current->self();
  thread.products.push_back(std::move(thread.multiplied));
  thread.multiplied.clear();
  thread.fenced = false;
}

/// Waits until at most `Pending` groups are under way.
template <int Pending>
inline void warpgroup_wait() {
  emulation::require_whole_warpgroup();
  emulation::Block& block = *emulation::current;
  block.meet(block.warpgroup(), emulation::kWarpgroupSize, [&] {
    emulation::Thread* threads = block.warpgroup_threads();
    while (static_cast<int>(threads[0].products.size()) > Pending) {
      for (int t = 0; t < emulation::kWarpgroupSize; t++)
        if (threads[t].products.size() != threads[0].products.size())
          block.fail("threads of a warpgroup have different numbers of products under way");
      for (std::size_t i = 0; i < threads[0].products.front().size(); i++) emulation::multiply_warpgroup(threads, i);
      for (int t = 0; t < emulation::kWarpgroupSize; t++) threads[t].products.pop_front();
    }
  });
}

inline void warpgroup_multiply(float (&sums)[16], std::uint64_t a, std::uint64_t b) {
  emulation::start_product({sums, nullptr, a, b, 32});
}
inline void warpgroup_multiply(float (&sums)[32], std::uint64_t a, std::uint64_t b) {
  emulation::start_product({sums, nullptr, a, b, 64});
}
inline void warpgroup_multiply(float (&sums)[64], std::uint64_t a, std::uint64_t b) {
  emulation::start_product({sums, nullptr, a, b, 128});
}
inline void warpgroup_multiply_transposed(float (&sums)[32], const std::uint32_t (&a)[4], std::uint64_t b) {
  emulation::start_product({sums, a, 0, b, 64});
}

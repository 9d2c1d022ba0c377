// What every kernel source includes first: the language of CUDA on a device (NVRTC, nvcc) or on the host (emulation/), and the
// way kernels are declared.
#pragma once

#ifdef CUDA_EMULATION

#include "emulation/ptx.h"
#include "emulation/ptx_sm90.h"

/// Declares a kernel of at most `threads` threads per block that takes one block of parameters `p` by value.
#define KERNEL(name, threads, Parameters) CLUSTER_KERNEL(name, threads, 1, Parameters)

/// A kernel whose blocks have a multiprocessor to themselves.
#define SOLE_KERNEL(name, threads, Parameters) KERNEL(name, threads, Parameters)

/// A kernel whose blocks have a multiprocessor each and run together with their `blocks` - 1 neighbours along x, whose shared
/// memory they reach.
#define CLUSTER_KERNEL(name, threads, blocks, Parameters)                                                           \
  static void name(const Parameters& p);                                                                            \
  static emulation::Registration name##_registration(                                                               \
      #name, threads, blocks, sizeof(Parameters), [](const void* p) { name(*static_cast<const Parameters*>(p)); }); \
  static void name(const Parameters& p)

/// Defined where the instructions of ptx_sm90.cuh exist.
#define HAS_WARPGROUP_MATRICES

/// An array in shared memory.
#define SHARED_ARRAY(Type, name, count) \
  static char name##_key;               \
  Type* name = static_cast<Type*>(emulation::current->static_shared(&name##_key, sizeof(Type) * (count)))

/// The shared memory whose size the launch chooses.
#define DYNAMIC_SHARED(name) char* name = emulation::current->dynamic_shared()

using std::uint16_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;

#else

typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;

#define KERNEL(name, threads, Parameters) \
  extern "C" __global__ void __launch_bounds__(threads, kBlocksPerMultiprocessor) name(const __grid_constant__ Parameters p)
#define CLUSTER_KERNEL(name, threads, blocks, Parameters)                                 \
  extern "C" __global__ void __cluster_dims__(blocks, 1, 1) __launch_bounds__(threads, 1) \
      name(const __grid_constant__ Parameters p)
#define SOLE_KERNEL(name, threads, Parameters) \
  extern "C" __global__ void __launch_bounds__(threads, 1) name(const __grid_constant__ Parameters p)
#define SHARED_ARRAY(Type, name, count) __shared__ Type name[count]

/// How many blocks a multiprocessor shall hold at least: bounds the registers of a thread.
constexpr int kBlocksPerMultiprocessor = 2;
#define DYNAMIC_SHARED(name) extern __shared__ __align__(1024) char name[]

#include "common/ptx.cuh"

#ifdef __CUDA_ARCH_FEAT_SM90_ALL  // sm_90a only: other architectures lack these kernels
#define HAS_WARPGROUP_MATRICES
#include "common/ptx_sm90.cuh"
#endif

#endif

#define DEVICE __device__ __forceinline__

// Fibers: cooperative threads with a stack of their own, one per emulated CUDA thread.
#pragma once
#include <cstddef>

namespace emulation {

/// Prepares a stack so that the first switch to it enters `entry`, which must never return.
/// Returns the stack pointer to hand to `switch_fiber`.
void* prepare_fiber(char* stack, std::size_t bytes, void (*entry)());

/// Saves the running context in `*saved` and continues the one that `next` denotes.
extern "C" void switch_fiber(void** saved, void* next);

/// Marks a reused stack as addressable again under AddressSanitizer.
void unpoison_stack(char* stack, std::size_t bytes);

}  // namespace emulation

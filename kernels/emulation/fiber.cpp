#include "fiber.h"

#include <cstdint>

#ifdef __SANITIZE_ADDRESS__
extern "C" void __asan_unpoison_memory_region(const volatile void*, std::size_t);
#endif

// Fifteen instructions instead of swapcontext's two system calls: a launch switches fibers millions of times.
#if defined(__x86_64__)
asm(R"(
.text
.globl switch_fiber
.type switch_fiber, @function
switch_fiber:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size switch_fiber, .-switch_fiber
)");
constexpr int kSavedRegisters = 6;
#elif defined(__aarch64__)
asm(R"(
.text
.globl switch_fiber
.type switch_fiber, %function
switch_fiber:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size switch_fiber, .-switch_fiber
)");
#else
#error "the emulator switches fibers on x86-64 and AArch64; add switch_fiber for this processor"
#endif

namespace emulation {

void* prepare_fiber(char* stack, std::size_t bytes, void (*entry)()) {
  auto* top = reinterpret_cast<std::uint64_t*>(stack + bytes);
#if defined(__x86_64__)
  *--top = 0;  // keeps the stack 16-byte aligned at the entry, as the ABI wants it after a call
  *--top = reinterpret_cast<std::uint64_t>(entry);
  for (int i = 0; i < kSavedRegisters; i++) *--top = 0;
#else
  top -= 20;
  for (int i = 0; i < 20; i++) top[i] = 0;
  top[11] = reinterpret_cast<std::uint64_t>(entry);  // the link register
#endif
  return top;
}

void unpoison_stack([[maybe_unused]] char* stack, [[maybe_unused]] std::size_t bytes) {
#ifdef __SANITIZE_ADDRESS__
  __asan_unpoison_memory_region(stack, bytes);
#endif
}

}  // namespace emulation

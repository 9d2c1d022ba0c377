// The emulated device as a C library, for the engine's emulated driver and for the tests here.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define EMULATION_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/// Kernel of that name, or null.
EMULATION_API const void* emulation_find_kernel(const char* name);

/// Bytes of the kernel's parameter block.
EMULATION_API size_t emulation_parameter_bytes(const void* kernel);

/// Most threads that the kernel may be launched with.
EMULATION_API int emulation_max_threads(const void* kernel);

/// Runs a kernel to its end. Returns 0, or 1 after misuse, which `emulation_last_error` of this thread describes in one line.
EMULATION_API int emulation_launch(
    const void* kernel, int grid_x, int grid_y, int grid_z, int threads, size_t dynamic_shared, const void* parameters);

EMULATION_API const char* emulation_last_error(void);

/// OS threads that run blocks side by side (0: one per processor) and the seed of the warp schedule.
EMULATION_API void emulation_configure(int workers, uint64_t seed);

#ifdef __cplusplus
}
#endif

# The kernels compiled for the host, unchanged, as one shared library that the engine's emulated driver and the tests load.
find_package(Threads REQUIRED)
set_source_files_properties(${kernel_sources} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS "-x;c++")

add_library(emulated_kernels SHARED ${kernel_sources} ${CMAKE_CURRENT_LIST_DIR}/block.cpp ${CMAKE_CURRENT_LIST_DIR}/fiber.cpp ${CMAKE_CURRENT_LIST_DIR}/library.cpp)
target_compile_definitions(emulated_kernels PUBLIC CUDA_EMULATION)
target_include_directories(emulated_kernels PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
# Every product rounded (what the device contracts is its own business), unrolling pragmas of another compiler, and no reliance on aliasing rules that CUDA code does not keep.
target_compile_options(emulated_kernels PRIVATE -O2 -Wall -Wextra -Wno-unknown-pragmas -fno-strict-aliasing -ffp-contract=off -fvisibility=hidden)
target_link_libraries(emulated_kernels PUBLIC Threads::Threads)
if(EMULATION_ASAN)
  target_compile_options(emulated_kernels PUBLIC -g -fsanitize=address,undefined -fno-sanitize-recover=undefined)
  target_link_options(emulated_kernels PUBLIC -fsanitize=address,undefined)
endif()

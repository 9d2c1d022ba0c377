# The kernels compiled for the host, unchanged, as one shared library that the engine's emulated driver and the tests load.
find_package(Threads REQUIRED)
set(emulation_sources ${CMAKE_CURRENT_LIST_DIR}/block.cpp ${CMAKE_CURRENT_LIST_DIR}/cluster.cpp ${CMAKE_CURRENT_LIST_DIR}/fiber.cpp ${CMAKE_CURRENT_LIST_DIR}/library.cpp ${CMAKE_CURRENT_LIST_DIR}/phase_barrier.cpp)
set_source_files_properties(${kernel_sources} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS "-x;c++")

function(make_emulated library)
  target_compile_definitions(${library} PUBLIC CUDA_EMULATION)
  target_include_directories(${library} PUBLIC ${PROJECT_SOURCE_DIR}/kernels)
  # Every product rounded (what the device contracts is its own business), unrolling pragmas of another compiler, and no reliance on aliasing rules that CUDA code does not keep.
  target_compile_options(${library} PRIVATE -O2 -Wall -Wextra -Wno-unknown-pragmas -fno-strict-aliasing -ffp-contract=off -fvisibility=hidden)
  target_link_libraries(${library} PUBLIC Threads::Threads)
  if(EMULATION_ASAN)
    target_compile_options(${library} PUBLIC -g -fsanitize=address,undefined -fno-sanitize-recover=undefined)
    target_link_options(${library} PUBLIC -fsanitize=address,undefined)
  endif()
endfunction()

add_library(emulated_kernels SHARED ${kernel_sources} ${emulation_sources})
make_emulated(emulated_kernels)

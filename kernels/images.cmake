# Device images where nvcc is found: per source one fatbin with machine code for sm_80 and sm_90a, and PTX that newer drivers translate for newer GPUs.
# The engine loads them from kernels/images beside the program; without nvcc it compiles the sources with NVRTC when they are first needed.
find_program(NVCC nvcc HINTS $ENV{CUDA_HOME}/bin $ENV{CUDA_PATH}/bin /usr/local/cuda/bin)
if(NOT NVCC)
  message(STATUS "nvcc was not found: no device images are built (NVRTC compiles the kernels at run time)")
  return()
endif()

set(image_folder ${CMAKE_BINARY_DIR}/images)
set(images)
file(GLOB kernel_headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*/*.cuh)
foreach(source ${kernel_sources})
  file(RELATIVE_PATH name ${CMAKE_CURRENT_SOURCE_DIR} ${source})
  string(REGEX REPLACE "\\.cu$" "" name ${name})
  string(REPLACE "/" "." name ${name})
  set(image ${image_folder}/${name}.fatbin)
  add_custom_command(
    OUTPUT ${image}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${image_folder}
    COMMAND ${NVCC} -fatbin -std=c++17 -I${CMAKE_CURRENT_SOURCE_DIR} -Xptxas -v -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90a,code=sm_90a
            -gencode arch=compute_80,code=compute_80 -o ${image} ${source}
    DEPENDS ${source} ${kernel_headers}
    VERBATIM)
  list(APPEND images ${image})
endforeach()
add_custom_target(kernel_images ALL DEPENDS ${images})
install(FILES ${images} DESTINATION kernels/images)

# The stand-in for the CUDA driver that the tests load.
add_library(fake_cuda SHARED ${CMAKE_CURRENT_LIST_DIR}/fake_libcuda.c ${CMAKE_CURRENT_LIST_DIR}/objects.c)
target_compile_options(fake_cuda PRIVATE -Wall -Wextra)
target_link_libraries(fake_cuda PRIVATE ${CMAKE_DL_LIBS})

// What the stand-in has handed out, each with the context that was current then: the driver refuses what belongs to another
// context.
#pragma once
#include <stddef.h>

typedef enum { MODULE, FUNCTION, STREAM, EVENT, GRAPH, EXECUTABLE, DEVICE_MEMORY, HOST_MEMORY } Kind;

enum {
  SUCCESS = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  NO_DEVICE = 100,
  INVALID_CONTEXT = 201,
  NO_BINARY = 209,
  INVALID_PTX = 218,
  INVALID_HANDLE = 400,
  ILLEGAL_ADDRESS = 700,
  CONTEXT_IS_DESTROYED = 709,
  LAUNCH_FAILED = 719,
  NOT_PERMITTED = 800,
  CAPTURE_UNSUPPORTED = 900,
  CAPTURE_UNJOINED = 904,
  CAPTURE_ISOLATION = 905,
  CAPTURED_EVENT = 907
};

/// Makes a context; it is not current yet.
void* context_create(void);

/// Everything of the context is gone. INVALID_CONTEXT if there is no such context.
int context_destroy(void* context);

/// Null is no context.
void context_set_current(void* context);
void* context_current(void);

/// SUCCESS if a living context is current on this thread.
int context_check(void);

/// Notes what was made in the current context.
void object_made(Kind kind, const void* handle, size_t bytes);

/// SUCCESS if the handle is of that kind and the current context's. Stream 0 is every context's own.
int object_check(Kind kind, const void* handle);

/// Forgets what is destroyed, after the same check.
int object_gone(Kind kind, const void* handle);

/// Number of an object among all that were made; 0 for what is none.
long object_number(const void* handle);

/// ILLEGAL_ADDRESS if an address lies in device memory of another context.
int memory_check(const void* address);

// A stand-in for the CUDA driver's library, for machines without a GPU. Device memory is host memory, streams do their work at
// once, and kernels run in the emulator where its library is given; kernels it does not know (ILGPU's own) do nothing. Everything
// the engine and ILGPU ask for is here and nothing else. It is stricter than a driver about contexts: whatever was made in one
// context is refused while another, or none, is current (objects.h). Modules load lazily, as the driver's do, unless
// CUDA_MODULE_LOADING=EAGER: a kernel may not be launched for the first time while its stream is captured.
// A graph has one branch or two. Replays run the second as late as its edges allow and as early, in turns, so that a missing
// edge, or memory that is lent again too soon, changes results.
//
// Environment (read when cuInit is called), or fake_cuda_set from a test:
//   FAKE_CUDA_VERSION     what cuDriverGetVersion says (13000)      FAKE_CUDA_DEVICES     number of GPUs (1)
//   FAKE_CUDA_CAPABILITY  compute capability (90)                   FAKE_CUDA_MEMORY      bytes of device memory (64 MiB)
//   FAKE_CUDA_IMAGE       CUresult of loading an image (0)          FAKE_CUDA_LAUNCH      CUresult of every launch (0)
//   FAKE_CUDA_L2          bytes of the L2 (60 MiB)                  FAKE_CUDA_KERNELS     path of libemulated_kernels.so
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "objects.h"

/// Leaves the calling function with the code, unless it is SUCCESS.
#define REQUIRE(code)              \
  do {                             \
    int required = (code);         \
    if (required) return required; \
  } while (0)

enum { SHARED_WITHOUT_REQUEST = 48 * 1024, SHARED_LIMIT = 227 * 1024, ATTRIBUTE_MAX_DYNAMIC_SHARED = 8 };

typedef struct {
  char name[128];
  const void* emulated;
  size_t parameter_bytes;
  int allowed_shared, loaded;
} Function;

/// A point in time; in a stream that was captured, the piece of work that it follows.
typedef struct {
  double time;
  long capture;  // number of the capture, 0 for none
  struct Recorded* marked;
} Event;

/// A launch, a copy, the recording of an event, or nothing: a stream that waits.
typedef struct Recorded {
  Function* function;
  unsigned grid[3], threads, shared;
  void* parameters;
  void* target;
  const void* source;
  size_t bytes;
  Event* event;
  struct Recorded *before, *awaited;  // on its stream, and on another
  int aside, done;                    // of the second branch; in this replay
  int replays;                        // of the graph that it begins
  struct Recorded* next;
} Recorded;

static struct {
  long version, devices, capability, memory, image, launch, l2;
} settings = {13000, 1, 90, 64l << 20, 0, 0, 60l << 20};

static long used;
static int loads_lazily = 1;
static char journal[1 << 16];
static size_t journal_length;
static Recorded *first_recorded, **next_recorded;
/// The stream whose capture was begun, and the one that waited for a point of it.
static struct {
  void* stream;
  Recorded* last;
} branches[2];
static long captures;
static const void* (*find_kernel)(const char*);
static size_t (*kernel_parameter_bytes)(const void*);
static int (*launch_kernel)(const void*, int, int, int, int, size_t, const void*);
static const char* (*kernel_error)(void);

static void note(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int written = vsnprintf(journal + journal_length, sizeof journal - journal_length, format, arguments);
  va_end(arguments);
  if (written > 0 && journal_length + (size_t)written < sizeof journal) journal_length += (size_t)written;
}

/// What was called since the last reset, one line each.
const char* fake_cuda_journal(void) { return journal; }

void fake_cuda_reset(void) {
  journal_length = 0;
  journal[0] = 0;
}

/// Changes a setting by the name of its variable, without FAKE_CUDA_.
void fake_cuda_set(const char* name, long value) {
  if (!strcmp(name, "VERSION")) settings.version = value;
  if (!strcmp(name, "DEVICES")) settings.devices = value;
  if (!strcmp(name, "CAPABILITY")) settings.capability = value;
  if (!strcmp(name, "MEMORY")) settings.memory = value;
  if (!strcmp(name, "IMAGE")) settings.image = value;
  if (!strcmp(name, "LAUNCH")) settings.launch = value;
  if (!strcmp(name, "L2")) settings.l2 = value;
}

/// Runs kernels in the emulator from now on. Returns 0 if the library can be used.
int fake_cuda_use_kernels(const char* path) {
  void* library = dlopen(path, RTLD_NOW);
  if (!library) return 1;
  find_kernel = (const void* (*)(const char*))dlsym(library, "emulation_find_kernel");
  kernel_parameter_bytes = (size_t(*)(const void*))dlsym(library, "emulation_parameter_bytes");
  launch_kernel = (int (*)(const void*, int, int, int, int, size_t, const void*))dlsym(library, "emulation_launch");
  kernel_error = (const char* (*)(void))dlsym(library, "emulation_last_error");
  return find_kernel && kernel_parameter_bytes && launch_kernel && kernel_error ? 0 : 1;
}

int cuInit(unsigned flags) {
  static const char* names[] = {"VERSION", "DEVICES", "CAPABILITY", "MEMORY", "IMAGE", "LAUNCH", "L2"};
  (void)flags;
  for (int i = 0; i < 7; i++) {
    char variable[64];
    snprintf(variable, sizeof variable, "FAKE_CUDA_%s", names[i]);
    const char* value = getenv(variable);
    if (value) fake_cuda_set(names[i], atol(value));
  }
  const char* loading = getenv("CUDA_MODULE_LOADING");
  loads_lazily = !loading || strcmp(loading, "EAGER");
  const char* kernels = getenv("FAKE_CUDA_KERNELS");
  if (kernels && !find_kernel) fake_cuda_use_kernels(kernels);
  return settings.devices > 0 ? SUCCESS : NO_DEVICE;
}

int cuDriverGetVersion(int* version) {
  const char* value = getenv("FAKE_CUDA_VERSION");  // asked before cuInit
  *version = value ? atoi(value) : (int)settings.version;
  return SUCCESS;
}

int cuGetErrorName(int code, const char** name) {
  *name = code == OUT_OF_MEMORY          ? "CUDA_ERROR_OUT_OF_MEMORY"
          : code == NO_DEVICE            ? "CUDA_ERROR_NO_DEVICE"
          : code == NO_BINARY            ? "CUDA_ERROR_NO_BINARY_FOR_GPU"
          : code == INVALID_PTX          ? "CUDA_ERROR_INVALID_PTX"
          : code == ILLEGAL_ADDRESS      ? "CUDA_ERROR_ILLEGAL_ADDRESS"
          : code == LAUNCH_FAILED        ? "CUDA_ERROR_LAUNCH_FAILED"
          : code == INVALID_VALUE        ? "CUDA_ERROR_INVALID_VALUE"
          : code == INVALID_CONTEXT      ? "CUDA_ERROR_INVALID_CONTEXT"
          : code == INVALID_HANDLE       ? "CUDA_ERROR_INVALID_HANDLE"
          : code == CONTEXT_IS_DESTROYED ? "CUDA_ERROR_CONTEXT_IS_DESTROYED"
          : code == CAPTURE_UNSUPPORTED  ? "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"
          : code == CAPTURE_UNJOINED     ? "CUDA_ERROR_STREAM_CAPTURE_UNJOINED"
          : code == CAPTURE_ISOLATION    ? "CUDA_ERROR_STREAM_CAPTURE_ISOLATION"
          : code == CAPTURED_EVENT       ? "CUDA_ERROR_CAPTURED_EVENT"
                                         : "CUDA_ERROR_UNKNOWN";
  return SUCCESS;
}

int cuGetErrorString(int code, const char** text) {
  *text = code == OUT_OF_MEMORY          ? "out of memory"
          : code == NO_DEVICE            ? "no CUDA-capable device is detected"
          : code == NO_BINARY            ? "no kernel image is available for execution on the device"
          : code == INVALID_PTX          ? "a PTX JIT compilation failed"
          : code == ILLEGAL_ADDRESS      ? "an illegal memory access was encountered"
          : code == LAUNCH_FAILED        ? "unspecified launch failure"
          : code == INVALID_VALUE        ? "invalid argument"
          : code == INVALID_CONTEXT      ? "invalid device context"
          : code == INVALID_HANDLE       ? "invalid resource handle"
          : code == CONTEXT_IS_DESTROYED ? "context is destroyed"
          : code == CAPTURE_UNSUPPORTED  ? "operation not permitted when stream is capturing"
          : code == CAPTURE_UNJOINED     ? "capture was not rejoined to the originating stream"
          : code == CAPTURE_ISOLATION    ? "dependency created on uncaptured work in another stream"
          : code == CAPTURED_EVENT       ? "operation not permitted on an event last recorded in a capturing stream"
                                         : "unknown error";
  return SUCCESS;
}

// ---- devices and contexts ----

int cuDeviceGetCount(int* count) {
  *count = (int)settings.devices;
  return SUCCESS;
}
int cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  return SUCCESS;
}
int cuDeviceGetName(char* name, int length, int device) {
  snprintf(name, (size_t)length, "Fake GPU %d", device);
  return SUCCESS;
}
int cuDeviceTotalMem_v2(size_t* bytes, int device) {
  (void)device;
  *bytes = (size_t)settings.memory;
  return SUCCESS;
}
int cuDeviceGetAttribute(int* value, int attribute, int device) {
  (void)device;
  switch (attribute) {
    case 1:
    case 2:
    case 3:
    case 90:
      *value = 1024;
      break;  // threads per block
    case 4:
      *value = 64;
      break;
    case 5:
      *value = 2147483647;
      break;
    case 6:
    case 7:
      *value = 65535;
      break;
    case 8:
      *value = SHARED_WITHOUT_REQUEST;
      break;
    case 9:
    case 12:
    case 82:
      *value = 65536;
      break;
    case 10:
      *value = 32;
      break;  // warp size
    case 13:
      *value = 1980000;
      break;
    case 16:
      *value = 4;
      break;  // multiprocessors
    case 36:
      *value = 2619000;
      break;
    case 37:
      *value = 6144;
      break;
    case 38:
      *value = (int)settings.l2;
      break;
    case 39:
      *value = 2048;
      break;
    case 41:
    case 83:
    case 91:
      *value = 1;
      break;
    case 75:
      *value = (int)settings.capability / 10;
      break;
    case 76:
      *value = (int)settings.capability % 10;
      break;
    case 81:
      *value = 233472;
      break;
    case 97:
      *value = SHARED_LIMIT;
      break;  // shared memory on request
    default:
      *value = 0;
      break;
  }
  return SUCCESS;
}
int cuDeviceCanAccessPeer(int* can, int a, int b) {
  (void)a, (void)b;
  *can = 0;
  return SUCCESS;
}
int cuDeviceGetP2PAttribute(int* value, int attribute, int a, int b) {
  (void)attribute, (void)a, (void)b;
  *value = 0;
  return SUCCESS;
}
int cuCtxCreate_v2(void** created, unsigned flags, int device) {
  (void)flags, (void)device;
  context_set_current(*created = context_create());
  return SUCCESS;
}
int cuDevicePrimaryCtxRetain(void** retained, int device) {
  static void* primary[64];
  if (!primary[device % 64]) primary[device % 64] = context_create();
  *retained = primary[device % 64];
  return SUCCESS;
}
int cuCtxDestroy_v2(void* destroyed) { return context_destroy(destroyed); }
int cuCtxSetCurrent(void* current) {
  context_set_current(current);
  return SUCCESS;
}
int cuCtxSynchronize(void) {
  REQUIRE(context_check());
  return (int)settings.launch;
}

int cuCtxGetCacheConfig(int* config) {
  *config = 0;
  return SUCCESS;
}
int cuCtxSetCacheConfig(int config) { return config * 0; }
int cuCtxGetSharedMemConfig(int* config) {
  *config = 0;
  return SUCCESS;
}
int cuCtxSetSharedMemConfig(int config) { return config * 0; }
int cuCtxEnablePeerAccess(void* peer, unsigned flags) {
  (void)peer;
  return (int)flags * 0;
}
int cuCtxDisablePeerAccess(void* peer) {
  (void)peer;
  return SUCCESS;
}

// ---- memory: the size is kept before the block ----

int cuMemAlloc_v2(void** pointer, size_t bytes) {
  REQUIRE(context_check());
  if (used + (long)bytes > settings.memory) return OUT_OF_MEMORY;
  char* block = aligned_alloc(256, (bytes + 511) / 256 * 256);
  if (!block) return OUT_OF_MEMORY;
  memcpy(block, &bytes, sizeof bytes);
  memset(block + 256, 0xFF, bytes);  // NaN: device memory is not cleared
  used += (long)bytes;
  *pointer = block + 256;
  object_made(DEVICE_MEMORY, *pointer, bytes);
  return SUCCESS;
}
int cuMemFree_v2(void* pointer) {
  size_t bytes;
  if (!pointer) return SUCCESS;
  REQUIRE(object_gone(DEVICE_MEMORY, pointer));
  memcpy(&bytes, (char*)pointer - 256, sizeof bytes);
  used -= (long)bytes;
  free((char*)pointer - 256);
  return SUCCESS;
}
int cuMemGetInfo_v2(size_t* available, size_t* total) {
  *available = (size_t)(settings.memory - used);
  *total = (size_t)settings.memory;
  return SUCCESS;
}
int cuMemAllocHost_v2(void** pointer, size_t bytes) {
  REQUIRE(context_check());
  object_made(HOST_MEMORY, *pointer = malloc(bytes), bytes);
  return SUCCESS;
}
int cuMemFreeHost(void* pointer) {
  REQUIRE(object_gone(HOST_MEMORY, pointer));
  free(pointer);
  return SUCCESS;
}
int cuMemHostRegister_v2(void* pointer, size_t bytes, unsigned flags) {
  (void)pointer, (void)bytes;
  return (int)flags * 0;
}
int cuMemHostUnregister(void* pointer) {
  (void)pointer;
  return SUCCESS;
}
int cuMemHostGetDevicePointer_v2(void** device, void* host, unsigned flags) {
  *device = host;
  return (int)flags * 0;
}
int cuPointerGetAttribute(int* value, int attribute, void* pointer) {
  (void)attribute, (void)pointer;
  *value = 2;
  return SUCCESS;
}
/// The branch that a stream is captured into; -1 for none.
static int branch_of(const void* stream) {
  for (int i = 0; next_recorded && i < 2; i++)
    if (branches[i].stream && branches[i].stream == stream) return i;
  return -1;
}
static Recorded* record(int branch, Recorded work) {
  Recorded* kept = malloc(sizeof *kept);
  *kept = work;
  kept->aside = branch;
  kept->before = branches[branch].last;
  branches[branch].last = *next_recorded = kept;
  next_recorded = &kept->next;
  return kept;
}
int cuMemcpyAsync(void* target, const void* source, size_t bytes, void* stream) {
  REQUIRE(object_check(STREAM, stream));
  REQUIRE(memory_check(target));
  REQUIRE(memory_check(source));
  int branch = branch_of(stream);
  if (branch >= 0) record(branch, (Recorded){.target = target, .source = source, .bytes = bytes});
  else memcpy(target, source, bytes);
  return SUCCESS;
}
int cuMemsetD8Async(void* target, unsigned char value, size_t bytes, void* stream) {
  REQUIRE(object_check(STREAM, stream));
  REQUIRE(memory_check(target));
  memset(target, value, bytes);
  return SUCCESS;
}

// ---- modules and launches ----

int cuModuleLoadDataEx(void** module, const void* image, unsigned count, int* options, void** values) {
  REQUIRE(context_check());
  const unsigned char* bytes = image;
  int is_elf = !memcmp(
          bytes,
          "\x7f"
          "ELF",
          4),
      is_fatbin = bytes[0] == 0x50 && bytes[1] == 0xED && bytes[2] == 0x55 && bytes[3] == 0xBA;
  note("load %s\n", is_elf ? "cubin" : is_fatbin ? "fatbin" : "ptx");
  for (unsigned i = 0; i < count; i++)
    if (options[i] == 5 && settings.image == INVALID_PTX) strcpy(values[i], "ptxas fatal: Unresolved extern function\nmore");
  if (settings.image) return (int)settings.image;
  object_made(MODULE, *module = malloc(1), 1);
  return SUCCESS;
}
int cuModuleLoadData(void** module, const void* image) { return cuModuleLoadDataEx(module, image, 0, 0, 0); }
int cuModuleUnload(void* module) {
  REQUIRE(object_gone(MODULE, module));
  note("unload\n");
  free(module);
  return SUCCESS;
}
int cuModuleGetFunction(void** function, void* module, const char* name) {
  REQUIRE(object_check(MODULE, module));
  Function* found = calloc(1, sizeof *found);
  snprintf(found->name, sizeof found->name, "%s", name);
  found->emulated = find_kernel ? find_kernel(name) : 0;
  found->parameter_bytes = found->emulated ? kernel_parameter_bytes(found->emulated) : 0;
  found->loaded = !loads_lazily;
  object_made(FUNCTION, *function = found, sizeof *found);
  return SUCCESS;
}
int cuFuncGetAttribute(int* value, int attribute, Function* function) {
  REQUIRE(object_check(FUNCTION, function));
  *value = attribute == 0 ? 1024 : attribute == 4 ? 32 : attribute == ATTRIBUTE_MAX_DYNAMIC_SHARED ? function->allowed_shared : 0;
  return SUCCESS;
}
int cuFuncSetAttribute(Function* function, int attribute, int value) {
  REQUIRE(object_check(FUNCTION, function));
  note("allow %s %d\n", function->name, value);
  if (attribute == ATTRIBUTE_MAX_DYNAMIC_SHARED) function->allowed_shared = value;
  return value <= SHARED_LIMIT ? SUCCESS : INVALID_VALUE;
}

static double tick(void) {
  static double clock;
  return clock += 1.5;
}
static int run(const Recorded* work) {
  if (work->event) {
    work->event->time = tick();
    return SUCCESS;
  }
  if (!work->function) {
    if (work->bytes) memcpy(work->target, work->source, work->bytes);
    return SUCCESS;
  }
  if (!work->function->emulated) return SUCCESS;
  if (launch_kernel(
          work->function->emulated, (int)work->grid[0], (int)work->grid[1], (int)work->grid[2], (int)work->threads, work->shared,
          work->parameters) == 0)
    return SUCCESS;
  fprintf(stderr, "%s\n", kernel_error());
  return LAUNCH_FAILED;
}

int cuLaunchKernel(
    Function* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
    void* stream, void** parameters, void** extra) {
  (void)extra;
  REQUIRE(object_check(FUNCTION, function));
  REQUIRE(object_check(STREAM, stream));
  note("launch %s %ux%ux%u %u %u stream %ld", function->name, gx, gy, gz, bx * by * bz, shared, object_number(stream));
  if (parameters && !function->emulated) note(" parameter %08x", *(unsigned*)parameters[0]);
  note("\n");
  if (settings.launch) return (int)settings.launch;
  unsigned allowed =
      function->allowed_shared > SHARED_WITHOUT_REQUEST ? (unsigned)function->allowed_shared : SHARED_WITHOUT_REQUEST;
  if (shared > allowed) return INVALID_VALUE;
  int branch = branch_of(stream);
  if (branch >= 0 && !function->loaded) return CAPTURE_UNSUPPORTED;
  function->loaded = 1;
  // Every word of the parameters that could be an address.
  for (size_t i = 0; parameters && i + sizeof(void*) <= function->parameter_bytes; i += sizeof(void*))
    REQUIRE(memory_check(*(void**)((char*)parameters[0] + i)));
  Recorded work = {
      .function = function,
      .grid = {gx, gy, gz},
      .threads = bx * by * bz,
      .shared = shared,
      .parameters = parameters ? parameters[0] : 0};
  if (branch < 0) return run(&work);
  // A launch reads its parameters at once, and so does its recording.
  Recorded* kept = record(branch, work);
  kept->parameters = malloc(function->parameter_bytes + 1);
  if (function->parameter_bytes) memcpy(kept->parameters, work.parameters, function->parameter_bytes);
  return SUCCESS;
}
int cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, Function* function, int threads, size_t shared) {
  (void)function, (void)shared;
  *blocks = 2048 / threads;
  return SUCCESS;
}
int cuOccupancyMaxPotentialBlockSize(int* grid, int* block, Function* function, void* callback, size_t shared, int limit) {
  (void)function, (void)callback, (void)shared, (void)limit;
  *grid = 8;
  *block = 256;
  return SUCCESS;
}

// ---- streams, events, graphs ----

int cuStreamCreate(void** stream, unsigned flags) {
  static intptr_t last = 0x1000;
  (void)flags;
  REQUIRE(context_check());
  object_made(STREAM, *stream = (void*)(last += 16), 1);
  return SUCCESS;
}
int cuStreamCreateWithPriority(void** stream, unsigned flags, int priority) {
  (void)priority;
  return cuStreamCreate(stream, flags);
}
int cuStreamDestroy_v2(void* stream) { return object_gone(STREAM, stream); }
int cuStreamWaitEvent(void* stream, Event* event, unsigned flags) {
  REQUIRE(object_check(STREAM, stream));
  REQUIRE(object_check(EVENT, event));
  int branch = branch_of(stream), is_captured = next_recorded && event->capture == captures;
  if (!is_captured) return branch < 0 ? (int)flags * 0 : CAPTURE_ISOLATION;
  if (branch < 0) {
    if (!stream || branches[1].stream) return NOT_PERMITTED;  // more branches than this stand-in has
    branches[branch = 1].stream = stream;
  }
  record(branch, (Recorded){.awaited = event->marked});
  return SUCCESS;
}
int cuStreamSynchronize(void* stream) {
  REQUIRE(object_check(STREAM, stream));
  return branch_of(stream) >= 0 ? NOT_PERMITTED : (int)settings.launch;
}
int cuEventCreate(Event** event, unsigned flags) {
  (void)flags;
  REQUIRE(context_check());
  object_made(EVENT, *event = calloc(1, sizeof **event), sizeof **event);
  return SUCCESS;
}
int cuEventDestroy_v2(Event* event) {
  REQUIRE(object_gone(EVENT, event));
  free(event);
  return SUCCESS;
}
int cuEventRecordWithFlags(Event* event, void* stream, unsigned flags) {
  enum { INTO_GRAPH = 1 };
  REQUIRE(object_check(EVENT, event));
  REQUIRE(object_check(STREAM, stream));
  int branch = branch_of(stream);
  if (flags == INTO_GRAPH && branch < 0) return INVALID_VALUE;
  event->capture = 0;
  if (flags == INTO_GRAPH) {
    record(branch, (Recorded){.event = event});
  } else if (branch >= 0) {
    event->capture = captures;
    event->marked = branches[branch].last;
  } else {
    event->time = tick();
  }
  return SUCCESS;
}
int cuEventRecord(Event* event, void* stream) { return cuEventRecordWithFlags(event, stream, 0); }

/// The host cannot look at a point of a capture.
static int event_check(const Event* event) {
  REQUIRE(object_check(EVENT, event));
  return event->capture ? CAPTURED_EVENT : SUCCESS;
}
int cuEventQuery(Event* event) { return event_check(event); }
int cuEventSynchronize(Event* event) { return event_check(event); }
int cuEventElapsedTime(float* milliseconds, Event* start, Event* end) {
  REQUIRE(event_check(start));
  REQUIRE(event_check(end));
  *milliseconds = (float)(end->time - start->time);
  return SUCCESS;
}
int cuStreamBeginCapture_v2(void* stream, int mode) {
  (void)mode;
  REQUIRE(object_check(STREAM, stream));
  note("begin capture\n");
  if (!stream || next_recorded) return NOT_PERMITTED;  // the default stream cannot be captured
  first_recorded = 0;
  next_recorded = &first_recorded;
  memset(branches, 0, sizeof branches);
  branches[0].stream = stream;
  captures++;
  return SUCCESS;
}

static void forget(Recorded* work) {
  while (work) {
    Recorded* next = work->next;
    free(work->parameters);
    free(work);
    work = next;
  }
}

/// Whether the first stream of the capture waits for the end of the second, if there is one.
static int is_joined(void) {
  const Recorded* work = branches[0].last;
  while (work && work->awaited != branches[1].last) work = work->before;
  return !branches[1].stream || work != 0;
}

/// A graph is its first piece of work; an empty one has a piece that does nothing, so that there is a handle.
int cuStreamEndCapture(void* stream, void** graph) {
  REQUIRE(object_check(STREAM, stream));
  note("end capture\n");
  if (!next_recorded || stream != branches[0].stream) return NOT_PERMITTED;
  if (!first_recorded) record(0, (Recorded){.bytes = 0});
  next_recorded = 0;
  if (!is_joined()) {
    forget(first_recorded);
    return CAPTURE_UNJOINED;
  }
  object_made(GRAPH, *graph = first_recorded, 1);
  return SUCCESS;
}
int cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long flags) {
  (void)flags;
  REQUIRE(object_check(GRAPH, graph));
  object_made(EXECUTABLE, *executable = graph, 1);
  return SUCCESS;
}

static Recorded* next_of(Recorded* work, int branch) {
  while (work && work->aside != branch) work = work->next;
  return work;
}
static int is_ready(const Recorded* work) {
  return work && (!work->before || work->before->done) && (!work->awaited || work->awaited->done);
}
static int replay(Recorded* graph) {
  int is_early = graph->replays++ % 2;
  for (Recorded* work = graph; work; work = work->next) work->done = 0;
  Recorded* next[] = {next_of(graph, 0), next_of(graph, 1)};
  while (next[0] || next[1]) {
    int aside = is_ready(next[1]) && (is_early || !is_ready(next[0]));
    Recorded* work = next[aside];
    REQUIRE(run(work));
    work->done = 1;
    next[aside] = next_of(work->next, aside);
  }
  return SUCCESS;
}
int cuGraphLaunch(void* executable, void* stream) {
  REQUIRE(object_check(EXECUTABLE, executable));
  REQUIRE(object_check(STREAM, stream));
  note("launch graph\n");
  return replay(executable);
}
int cuGraphDestroy(void* graph) { return object_gone(GRAPH, graph); }
int cuGraphExecDestroy(Recorded* executable) {
  REQUIRE(object_gone(EXECUTABLE, executable));
  forget(executable);
  return SUCCESS;
}

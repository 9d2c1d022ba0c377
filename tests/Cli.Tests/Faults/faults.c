// Lets file operations of a program fail, or ends the program at one of them: loaded before libc (LD_PRELOAD), it counts the
// operations on files below a folder and strikes at a chosen one.
//   FAULT_UNDER   folder whose files count
//   FAULT_CALLS   which operations, such as "write,fsync,rename"; all if not set
//   FAULT_AT      which of them, from 1; 0 or not set to count only
//   FAULT_FOR     how many in a row; 0 for all that follow; 1 if not set
//   FAULT_KIND    EIO, ENOSPC, EDQUOT, EACCES or KILL
//   FAULT_COUNT   file that receives the number of operations so far
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long operations;

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int error_of(const char* kind) {
  if (!strcmp(kind, "ENOSPC")) return ENOSPC;
  if (!strcmp(kind, "EDQUOT")) return EDQUOT;
  if (!strcmp(kind, "EACCES")) return EACCES;
  return EIO;
}

static int is_wanted(const char* call) {
  const char* calls = getenv("FAULT_CALLS");
  if (!calls) return 1;
  size_t length = strlen(call);
  for (const char* at = calls; (at = strstr(at, call)); at += length)
    if ((at == calls || at[-1] == ',') && (at[length] == 0 || at[length] == ',')) return 1;
  return 0;
}

static void report(long count) {
  const char* file = getenv("FAULT_COUNT");
  if (!file) return;
  int fd = NEXT(open)(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  char text[32];
  int length = snprintf(text, sizeof text, "%-20ld\n", count);
  if (NEXT(pwrite)(fd, text, length, 0) < 0) abort();
  close(fd);
}

// Whether the operation is to fail; errno says how.
static int strikes(const char* call, const char* path) {
  const char* under = getenv("FAULT_UNDER");
  if (!under || !path || strncmp(path, under, strlen(under)) || !is_wanted(call)) return 0;
  long count = atomic_fetch_add(&operations, 1) + 1;
  report(count);
  const char *at = getenv("FAULT_AT"), *length = getenv("FAULT_FOR"), *kind = getenv("FAULT_KIND");
  long first = at ? atol(at) : 0, many = length ? atol(length) : 1;
  if (!first || !kind || count < first || (many && count >= first + many)) return 0;
  if (!strcmp(kind, "KILL")) kill(getpid(), SIGKILL);
  errno = error_of(kind);
  return 1;
}

static int strikes_at(const char* call, int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return strikes(call, path);
}

ssize_t write(int fd, const void* bytes, size_t count) { return strikes_at("write", fd) ? -1 : NEXT(write)(fd, bytes, count); }
ssize_t pwrite(int fd, const void* bytes, size_t count, off_t at) {
  return strikes_at("write", fd) ? -1 : NEXT(pwrite)(fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t at) {
  return strikes_at("write", fd) ? -1 : NEXT(pwrite64)(fd, bytes, count, at);
}
int fsync(int fd) { return strikes_at("fsync", fd) ? -1 : NEXT(fsync)(fd); }
int ftruncate(int fd, off_t length) { return strikes_at("truncate", fd) ? -1 : NEXT(ftruncate)(fd, length); }
int ftruncate64(int fd, off64_t length) { return strikes_at("truncate", fd) ? -1 : NEXT(ftruncate64)(fd, length); }
int rename(const char* from, const char* to) { return strikes("rename", from) ? -1 : NEXT(rename)(from, to); }
int mkdir(const char* path, mode_t mode) { return strikes("mkdir", path) ? -1 : NEXT(mkdir)(path, mode); }
int rmdir(const char* path) { return strikes("rmdir", path) ? -1 : NEXT(rmdir)(path); }
int unlink(const char* path) { return strikes("unlink", path) ? -1 : NEXT(unlink)(path); }

static int creates(int flags) { return (flags & O_CREAT) != 0; }

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = creates(flags) ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return creates(flags) && strikes("create", path) ? -1 : NEXT(open)(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = creates(flags) ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return creates(flags) && strikes("create", path) ? -1 : NEXT(open64)(path, flags, mode);
}

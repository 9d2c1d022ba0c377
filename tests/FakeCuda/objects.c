#include "objects.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct Context {
  int alive;
} Context;

typedef struct Object {
  Kind kind;
  const void* handle;
  size_t bytes;
  const Context* context;
  long number;
  struct Object* next;
} Object;

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static Object* objects;
static long last_number;
static __thread Context* current;

void* context_create(void) {
  Context* made = malloc(sizeof *made);
  made->alive = 1;
  return made;
}

int context_destroy(void* context) {
  Context* destroyed = context;
  if (!destroyed || !destroyed->alive) return INVALID_CONTEXT;
  destroyed->alive = 0;  // the handle stays known, so that later uses are recognized
  if (current == destroyed) current = 0;
  pthread_mutex_lock(&gate);
  for (Object** link = &objects; *link;) {
    Object* object = *link;
    if (object->context != destroyed) {
      link = &object->next;
      continue;
    }
    *link = object->next;
    free(object);
  }
  pthread_mutex_unlock(&gate);
  return SUCCESS;
}

void context_set_current(void* context) { current = context; }
void* context_current(void) { return current; }
int context_check(void) { return !current ? INVALID_CONTEXT : current->alive ? SUCCESS : CONTEXT_IS_DESTROYED; }

void object_made(Kind kind, const void* handle, size_t bytes) {
  Object* made = malloc(sizeof *made);
  pthread_mutex_lock(&gate);
  *made = (Object){kind, handle, bytes, current, ++last_number, objects};
  objects = made;
  pthread_mutex_unlock(&gate);
}

static Object** find(Kind kind, const void* handle) {
  Object** link = &objects;
  while (*link && ((*link)->kind != kind || (*link)->handle != handle)) link = &(*link)->next;
  return link;
}

static int check(Kind kind, const void* handle, int forget) {
  int code = context_check();
  if (code || (kind == STREAM && !handle)) return code;
  pthread_mutex_lock(&gate);
  Object **link = find(kind, handle), *found = *link;
  code = found && found->context == current ? SUCCESS : INVALID_HANDLE;
  if (!code && forget) {
    *link = found->next;
    free(found);
  }
  pthread_mutex_unlock(&gate);
  return code;
}

int object_check(Kind kind, const void* handle) { return check(kind, handle, 0); }
int object_gone(Kind kind, const void* handle) { return check(kind, handle, 1); }

long object_number(const void* handle) {
  long number = 0;
  pthread_mutex_lock(&gate);
  for (const Object* object = objects; object && !number; object = object->next)
    if (object->handle == handle) number = object->number;
  pthread_mutex_unlock(&gate);
  return number;
}

int memory_check(const void* address) {
  int code = SUCCESS;
  pthread_mutex_lock(&gate);
  for (const Object* object = objects; object && !code; object = object->next) {
    const char* start = object->handle;
    if (object->kind == DEVICE_MEMORY && object->context != current && (const char*)address >= start &&
        (const char*)address < start + object->bytes)
      code = ILLEGAL_ADDRESS;
  }
  pthread_mutex_unlock(&gate);
  return code;
}

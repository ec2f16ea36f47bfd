/* SPDX-License-Identifier: Apache-2.0
 *
 * The library is loaded late, and the first call of new threads without memory fails: it returns
 * its status and sentence, and the process goes on. Usage: error_text_dlopen LIBRARY */
#include <dlfcn.h>
#include <gradstep/gradstep.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);

static __thread int is_without_memory; /* the program's own: using it allocates nothing */

void* malloc(size_t size) { return is_without_memory ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) {
  return is_without_memory ? NULL : __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  return is_without_memory ? NULL : __libc_realloc(memory, size);
}

typedef gradstep_status (*describe_function)(const char*, gradstep_rule_info*);
typedef const char* (*last_error_function)(void);

static describe_function describe;
static last_error_function last_error;

/* Returns NULL if everything was right. */
static void* fail_without_memory(void* name) {
  gradstep_rule_info info = {0};
  int is_good;
  info.struct_size = sizeof info;
  is_without_memory = 1;
  is_good = strcmp(last_error(), "") == 0;
  is_good = is_good && describe((const char*)name, &info) == GRADSTEP_UNKNOWN_NAME;
  is_good = is_good && strstr(last_error(), (const char*)name) != NULL;
  is_without_memory = 0;
  return is_good ? NULL : name;
}

int main(int argc, char** argv) {
  void* library = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  int i;
  if (library == NULL) {
    fprintf(stderr, "cannot load the library: %s\n", argc == 2 ? dlerror() : "no argument");
    return 1;
  }
  *(void**)&describe = dlsym(library, "gradstep_rule_describe");
  *(void**)&last_error = dlsym(library, "gradstep_last_error");
  for (i = 0; i < 200; ++i) {
    pthread_t thread;
    void* failed = &thread;
    if (pthread_create(&thread, NULL, fail_without_memory, "no_such_rule") != 0) return 1;
    pthread_join(thread, &failed);
    if (failed != NULL) return 1;
  }
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Loads the library, steps on several threads, destroys everything and unloads, many times over.
 * Usage: unload_test LIBRARY CYCLES ["thread": each cycle on a thread of its own that then ends;
 * "failure": the same, but its only call is one that fails, so the thread has a sentence]
 * Exit status 77: no worker would take part. This machine has one CPU, or the library no oneTBB. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <gradstep/gradstep.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { count = 4096 };
static float param[count], grad[count];

static void check(int is_right, const char* what) {
  if (is_right) return;
  fprintf(stderr, "unload_test: %s\n", what);
  exit(1);
}

static int thread_count(void) {
  DIR* folder = opendir("/proc/self/task");
  int threads = -2; /* "." and ".." */
  check(folder != NULL, "/proc/self/task cannot be read");
  while (readdir(folder) != NULL) ++threads;
  closedir(folder);
  return threads;
}

/* The library's function, under its name with an underscore after it. */
#define FIND(name)           \
  __typeof__(name)* name##_; \
  find(library, #name, &name##_)
static void find(void* library, const char* name, void* function) {
  void* address = dlsym(library, name);
  check(address != NULL, name);
  memcpy(function, &address, sizeof address);
}

#define CLEAR(value) (memset(&value, 0, sizeof value), value.struct_size = sizeof value)

/* Returns how many threads a step may use. */
static size_t step(void* library) {
  FIND(gradstep_context_create);
  FIND(gradstep_context_describe);
  FIND(gradstep_context_destroy);
  FIND(gradstep_rule_create);
  FIND(gradstep_rule_destroy);
  FIND(gradstep_apply);
  gradstep_context_options options;
  gradstep_context_info info;
  gradstep_apply_options apply;
  gradstep_apply_result result;
  gradstep_tensor tensor;
  gradstep_context* context = NULL;
  gradstep_rule* rule = NULL;
  gradstep_array no_slot;
  gradstep_status created;
  CLEAR(options);
  CLEAR(info);
  CLEAR(apply);
  CLEAR(result);
  CLEAR(tensor);
  memset(&no_slot, 0, sizeof no_slot);
  options.flags = GRADSTEP_CONTEXT_SERIAL_BELOW | GRADSTEP_CONTEXT_PIECE_SIZE;
  options.thread_count = 4;
  options.piece_size = 64;
  created = gradstep_context_create_(&options, &context);
  if (created == GRADSTEP_UNSUPPORTED) return 1;
  check(created == GRADSTEP_OK, "no context");
  check(gradstep_context_describe_(context, &info) == GRADSTEP_OK, "no description");
  check(gradstep_rule_create_("sgd", &rule) == GRADSTEP_OK, "no rule");
  tensor.count = count;
  tensor.param.data = param;
  tensor.grad.data = grad;
  tensor.param.dtype = tensor.grad.dtype = GRADSTEP_FLOAT32;
  tensor.slots = &no_slot;
  tensor.slot_count = 1;
  apply.step = 1;
  check(gradstep_apply_(context, rule, &tensor, 1, &apply, &result) == GRADSTEP_OK, "no step");
  check(result.piece_count == count / 64, "the step was not cut in pieces");
  gradstep_rule_destroy_(rule);
  gradstep_context_destroy_(context);
  return info.thread_count;
}

/* Returns the threads of a step in *threads, and those of the process in argument[1]. */
static void* cycle(void* argument) {
  const char* path = ((void**)argument)[0];
  size_t* threads = ((void**)argument)[1];
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  check(library != NULL, "the library cannot be loaded");
  threads[0] = step(library);
  threads[1] = (size_t)thread_count();
  check(dlclose(library) == 0, "the library cannot be unloaded");
  return NULL;
}

static void on_a_thread(void* (*function)(void*), void* argument) {
  pthread_t thread;
  check(pthread_create(&thread, NULL, function, argument) == 0, "no thread");
  check(pthread_join(thread, NULL) == 0, "no join");
}

static void* fail_in_cycle(void* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  gradstep_rule* rule = NULL;
  check(library != NULL, "the library cannot be loaded");
  FIND(gradstep_rule_create);
  check(gradstep_rule_create_("nothing", &rule) == GRADSTEP_UNKNOWN_NAME, "no failure");
  check(dlclose(library) == 0, "the library cannot be unloaded");
  return NULL;
}

int main(int argc, char** argv) {
  size_t threads[2] = {0, 0};
  void* argument[2] = {argc > 1 ? argv[1] : NULL, threads};
  const int cycles = argc > 2 ? atoi(argv[2]) : 0;
  int most = 0, waited;
  check(cycles > 0, "usage: unload_test LIBRARY CYCLES [thread | failure]");
  if (argc > 3 && strcmp(argv[3], "failure") == 0) {
    for (int i = 0; i < cycles; ++i) on_a_thread(fail_in_cycle, argv[1]);
    return 0;
  }
  const int fewest = 1 + (argc != 3); /* threads without a worker */
  /* On a busy machine a cycle may end before a worker comes: then there are more cycles. */
  for (int i = 0; i < cycles || (most <= fewest && i < 50 * cycles); ++i) {
    if (argc == 3) {
      cycle(argument);
    } else {
      on_a_thread(cycle, argument);
    }
    if ((int)threads[1] > most) most = (int)threads[1];
    if (threads[0] == 1) {
      puts("SKIPPED: a context has one thread");
      return 77;
    }
  }
  check(most > fewest, "no worker ever took part");
  /* Workers end some time after the last thread that has used them. On a busy machine oneTBB starts
   * one more while the last is still on its way to sleep, and may keep it. A leak is a thread in
   * every cycle. */
  const int allowed = (int)threads[0] + cycles / 100;
  for (waited = 0; thread_count() > allowed && waited < 600; ++waited) usleep(100000);
  check(thread_count() <= allowed, "threads are left over");
  return 0;
}

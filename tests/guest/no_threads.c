/* SPDX-License-Identifier: Apache-2.0
 *
 * A process that gets no further thread, as in a container whose limit of processes is reached:
 * pthread_create is this program's own, and fails. Steps are made by the calling thread, and have
 * the bits of a serial context. */
#include <errno.h>
#include <gradstep/gradstep.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { count = 300000, steps = 3 };
static int asked;

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*function)(void*),
                   void* argument) {
  (void)thread, (void)attributes, (void)function, (void)argument;
  ++asked;
  return EAGAIN;
}

static void check(gradstep_status status) {
  if (status == GRADSTEP_OK) return;
  fprintf(stderr, "no_threads: %s\n", gradstep_last_error());
  exit(1);
}

/* Steps the param with a context of so many threads, which it returns. Without oneTBB there is none
 * of several: 1. */
static size_t train(size_t thread_count, float* param) {
  static float grad[count], moments[2][count];
  gradstep_context_options options;
  gradstep_context_info info;
  gradstep_apply_options apply;
  gradstep_tensor tensor;
  gradstep_array slots[3];
  gradstep_context* context = NULL;
  gradstep_rule* rule = NULL;
  gradstep_status created;
  memset(&options, 0, sizeof options);
  memset(&info, 0, sizeof info);
  memset(&apply, 0, sizeof apply);
  memset(&tensor, 0, sizeof tensor);
  memset(slots, 0, sizeof slots);
  memset(moments, 0, sizeof moments);
  options.struct_size = sizeof options;
  options.thread_count = thread_count;
  info.struct_size = sizeof info;
  apply.struct_size = sizeof apply;
  tensor.struct_size = sizeof tensor;
  for (size_t i = 0; i < count; ++i) {
    param[i] = (float)i / count;
    grad[i] = (float)(i % 7) - 3;
  }
  created = gradstep_context_create(&options, &context);
  if (created == GRADSTEP_UNSUPPORTED) return 1;
  check(created);
  check(gradstep_context_describe(context, &info));
  check(gradstep_rule_create("adamw", &rule));
  for (size_t i = 0; i < 3; ++i) slots[i].dtype = GRADSTEP_FLOAT32;
  slots[0].data = moments[0];
  slots[1].data = moments[1];
  tensor.count = count;
  tensor.param.data = param;
  tensor.grad.data = grad;
  tensor.param.dtype = tensor.grad.dtype = GRADSTEP_FLOAT32;
  tensor.slots = slots;
  tensor.slot_count = 3;
  for (apply.step = 1; apply.step <= steps; ++apply.step) {
    check(gradstep_apply(context, rule, &tensor, 1, &apply, NULL));
  }
  gradstep_rule_destroy(rule);
  gradstep_context_destroy(context);
  return info.thread_count;
}

int main(void) {
  static float serial[count], parallel[count];
  train(1, serial);
  if (train(2, parallel) < 2) {
    puts("a context of 2 threads has 1 here, so no thread is asked for");
    return 77;
  }
  if (asked == 0) {
    fputs("no_threads: pthread_create was not called\n", stderr);
    return 1;
  }
  if (memcmp(serial, parallel, sizeof serial) != 0) {
    fputs("no_threads: the bits differ from those of a serial context\n", stderr);
    return 1;
  }
  return 0;
}

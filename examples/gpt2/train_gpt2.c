/* SPDX-License-Identifier: Apache-2.0
 *
 * Trains a small GPT-2 on text files, byte by byte. The optimizer's step is one call: AdamW with a
 * warm-up and half a cosine, weight decay on matrices alone, and clipping by norm. A checkpoint
 * lets the run go on with the same bits. C99.
 */
#include <gradstep/gradstep.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpt2_model.h"

static const char usage[] =
    "usage: train_gpt2 [--steps N] [--stop-after N] [--save PATH] [--resume PATH] TEXT...\n"
    "  --steps       steps of the whole run, which the schedule covers (400)\n"
    "  --stop-after  ends this process after the run's step N\n"
    "  --save        writes a checkpoint at the end\n"
    "  --resume      goes on from a checkpoint\n";

/* Ends the program at a failure. The system then frees what there is. */
static void must(gradstep_status status) {
  if (status == GRADSTEP_OK) return;
  fprintf(stderr, "train_gpt2: %s: %s\n", gradstep_status_name(status), gradstep_last_error());
  exit(1);
}

static void fail(const char* what, const char* which) {
  fprintf(stderr, "train_gpt2: %s%s\n", what, which);
  exit(1);
}

typedef struct options {
  long steps, stop_after;
  const char *save, *resume;
} options;

/* The last tenth of the text is for validation. */
typedef struct text {
  unsigned char* bytes;
  size_t count, training_count;
} text;

static void read_file(text* t, const char* path) {
  FILE* file = fopen(path, "rb");
  if (!file) fail("cannot read ", path);
  for (;;) {
    unsigned char* more = realloc(t->bytes, t->count + 65536);
    if (!more) fail("no memory for ", path);
    t->bytes = more;
    const size_t got = fread(t->bytes + t->count, 1, 65536, file);
    t->count += got;
    if (got == 0) break;
  }
  if (ferror(file)) fail("cannot read ", path);
  fclose(file);
}

/* A batch of sequences from `begin` to `end`, which depend on `number` alone: so a run that is
 * resumed sees the batches that it would have seen. */
static void fill_batch(const text* t, size_t begin, size_t end, uint64_t number,
                       unsigned char* inputs, unsigned char* targets) {
  uint64_t state = number * UINT64_C(0x9E3779B97F4A7C15) + 1;
  for (int b = 0; b < gpt2_batch; ++b) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    const size_t at = begin + (size_t)(state >> 20) % (end - begin - gpt2_length);
    memcpy(inputs + b * gpt2_length, t->bytes + at, gpt2_length);
    memcpy(targets + b * gpt2_length, t->bytes + at + 1, gpt2_length);
  }
}

static size_t add_group(gradstep_optimizer* optimizer, const char* name, double decay, long steps) {
  const long warmup = steps / 10;
  gradstep_group_options group = {.struct_size = sizeof group, .name = name};
  gradstep_rule* rule = NULL;
  gradstep_schedule* schedule = NULL;
  size_t index = 0;
  must(gradstep_rule_create("adamw", &rule));
  must(gradstep_rule_set(rule, "lr", 3e-3));
  must(gradstep_rule_set(rule, "beta2", 0.95));
  must(gradstep_rule_set(rule, "weight_decay", decay));
  must(gradstep_schedule_create("cosine", &schedule));
  must(gradstep_schedule_set(schedule, "warmup_steps", (double)warmup));
  must(gradstep_schedule_set(schedule, "total_steps", (double)(steps - warmup)));
  must(gradstep_schedule_set(schedule, "end_lr", 3e-4));
  group.rule = rule;
  group.schedule = schedule;
  must(gradstep_optimizer_add_group(optimizer, &group, &index));
  gradstep_rule_destroy(rule), gradstep_schedule_destroy(schedule); /* the group has copies */
  return index;
}

/* Biases and norms do not decay. Steps zero the gradients, to which the next pass adds. */
static gradstep_optimizer* create_optimizer(const gradstep_context* context,
                                            const gpt2_model* model, long steps) {
  const gpt2_parameter* parameters = gpt2_parameters_of(model);
  gradstep_optimizer_options all = {.struct_size = sizeof all, .max_norm = 1};
  gradstep_optimizer* optimizer = NULL;
  all.flags = GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_ZERO_GRAD;
  must(gradstep_optimizer_create(context, &all, &optimizer));
  const size_t matrices = add_group(optimizer, "matrices", 0.1, steps);
  const size_t vectors = add_group(optimizer, "vectors", 0, steps);
  for (int i = 0; i < gpt2_parameters; ++i) {
    const gpt2_parameter* of = &parameters[i];
    const int is_matrix = of->rows > 0;
    const uint64_t columns = (uint64_t)of->columns, rows = (uint64_t)of->rows;
    must(gradstep_optimizer_add_arrays(optimizer, is_matrix ? matrices : vectors, of->name,
                                       is_matrix ? rows * columns : columns, rows,
                                       is_matrix ? columns : 0, GRADSTEP_FLOAT32, of->param,
                                       GRADSTEP_FLOAT32, of->grad, NULL));
  }
  return optimizer;
}

static float validation_loss(gpt2_model* model, const text* t) {
  enum { batches = 8 };
  unsigned char inputs[gpt2_rows_of_batch], targets[gpt2_rows_of_batch];
  float sum = 0;
  for (int i = 0; i < batches; ++i) {
    fill_batch(t, t->training_count, t->count, (uint64_t)i, inputs, targets);
    sum += gpt2_pass(model, inputs, targets, 0);
  }
  return sum / batches;
}

static void train(gpt2_model* model, gradstep_optimizer* optimizer, const text* t,
                  const options* chosen) {
  unsigned char inputs[gpt2_rows_of_batch], targets[gpt2_rows_of_batch];
  gradstep_optimizer_info info = {.struct_size = sizeof info};
  must(gradstep_optimizer_describe(optimizer, &info));
  printf("step %ld: validation loss %.4f\n", (long)info.step_count, validation_loss(model, t));
  for (long step = (long)info.step_count + 1; step <= chosen->stop_after; ++step) {
    gradstep_apply_result result = {.struct_size = sizeof result};
    fill_batch(t, 0, t->training_count, (uint64_t)step, inputs, targets);
    const float loss = gpt2_pass(model, inputs, targets, 1);
    must(gradstep_optimizer_step(optimizer, NULL, &result));
    if (step % 50 == 0) {
      printf("step %ld: loss %.4f, norm %.3f\n", step, loss, result.grad_norm);
    }
  }
  printf("step %ld: validation loss %.4f\n", chosen->stop_after, validation_loss(model, t));
}

static long number_of(const char* word) {
  char* end = NULL;
  const long number = strtol(word, &end, 10);
  if (*end || number < 1) fail("not a number of steps: ", word);
  return number;
}

static void read_arguments(int argc, char** argv, options* chosen, text* t) {
  *chosen = (options){.steps = 400};
  for (int i = 1; i < argc; ++i) {
    if (strncmp(argv[i], "--", 2) != 0) {
      read_file(t, argv[i]);
    } else if (i + 1 == argc) {
      fail(usage, "");
    } else if (strcmp(argv[i], "--steps") == 0) {
      chosen->steps = number_of(argv[++i]);
    } else if (strcmp(argv[i], "--stop-after") == 0) {
      chosen->stop_after = number_of(argv[++i]);
    } else if (strcmp(argv[i], "--save") == 0) {
      chosen->save = argv[++i];
    } else if (strcmp(argv[i], "--resume") == 0) {
      chosen->resume = argv[++i];
    } else {
      fail(usage, "");
    }
  }
  if (chosen->stop_after == 0) chosen->stop_after = chosen->steps;
  if (t->count < 2000) fail("needs a text of at least 2000 bytes\n", usage);
  t->training_count = t->count / 10 * 9;
}

int main(int argc, char** argv) {
  options chosen;
  text t = {0};
  gradstep_context* context = NULL;
  read_arguments(argc, argv, &chosen, &t);
  gpt2_model* model = gpt2_create(1);
  if (!model) fail("no memory for the model", "");
  must(gradstep_context_create(NULL, &context));
  gradstep_optimizer* optimizer = create_optimizer(context, model, chosen.steps);
  if (chosen.resume) {
    must(gradstep_optimizer_load(optimizer, chosen.resume, GRADSTEP_CHECKPOINT_PARAMS, NULL));
  }
  train(model, optimizer, &t, &chosen);
  if (chosen.save) {
    must(gradstep_optimizer_save(optimizer, chosen.save, GRADSTEP_CHECKPOINT_PARAMS));
    printf("saved to %s\n", chosen.save);
  }
  gradstep_optimizer_destroy(optimizer);
  gradstep_context_destroy(context);
  gpt2_destroy(model);
  free(t.bytes);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * A small GPT-2 whose tokens are bytes. C99. */
#ifndef EXAMPLES_GPT2_MODEL_H
#define EXAMPLES_GPT2_MODEL_H

#include <stddef.h>

enum {
  gpt2_tokens = 256, /* one for each byte */
  gpt2_length = 64,  /* bytes that the model looks at */
  gpt2_width = 64,   /* channels */
  gpt2_heads = 4,
  gpt2_layers = 2,
  gpt2_batch = 8,                             /* sequences in a step */
  gpt2_parameters = 2 + 12 * gpt2_layers + 2, /* tensors */
  gpt2_rows_of_batch = gpt2_batch * gpt2_length
};

/* One tensor of the model. A matrix has rows; of a vector rows is 0. */
typedef struct gpt2_parameter {
  char name[32];
  float* param;
  float* grad;
  int rows, columns;
} gpt2_parameter;

/* The params and what a pass leaves behind. Everything is allocated by gpt2_create. */
typedef struct gpt2_model gpt2_model;

/* A model with random params, which depend on the seed; NULL without memory. gpt2_destroy frees it.
 */
gpt2_model* gpt2_create(unsigned seed);
void gpt2_destroy(gpt2_model* model);

/* The tensors, with gpt2_parameters elements; they stay where they are. */
const gpt2_parameter* gpt2_parameters_of(const gpt2_model* model);

/* The mean loss, in nats for each byte. inputs and targets are gpt2_batch sequences of gpt2_length
 * bytes; targets are the bytes that follow. With has_backward, gradients are added to `grad`. */
float gpt2_pass(gpt2_model* model, const unsigned char* inputs, const unsigned char* targets,
                int has_backward);

#endif

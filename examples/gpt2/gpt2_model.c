/* SPDX-License-Identifier: Apache-2.0 */
#include "gpt2_model.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpt2_layers.h"

enum { width = gpt2_width, rows = gpt2_rows_of_batch, length = gpt2_length };

/* The parameters of a layer, in this order. */
enum {
  norm1_weight,
  norm1_bias,
  qkv_weight,
  qkv_bias,
  attention_weight,
  attention_bias,
  norm2_weight,
  norm2_bias,
  up_weight,
  up_bias,
  down_weight,
  down_bias,
  per_layer
};

/* What a layer computes for a batch; the same struct holds the gradients of it. */
typedef struct activations {
  float in[rows * width], norm1[rows * width], qkv[rows * 3 * width], mixed[rows * width];
  float middle[rows * width], norm2[rows * width], up[rows * 4 * width], gelu[rows * 4 * width];
} activations;

typedef struct statistics {
  float mean1[rows], scale1[rows], mean2[rows], scale2[rows];
  float weights[gpt2_batch * gpt2_heads * length * length];
} statistics;

struct gpt2_model {
  gpt2_parameter parameters[gpt2_parameters];
  float* memory; /* of params and gradients */
  activations layers[gpt2_layers], grads;
  statistics numbers[gpt2_layers];
  float last[rows * width], last_grad[rows * width], mean[rows], scale[rows];
  float norm[rows * width], norm_grad[rows * width], logits[rows * gpt2_tokens];
};

static gpt2_parameter* of_layer(gpt2_model* model, int layer, int which) {
  return &model->parameters[2 + layer * per_layer + which];
}

static gpt2_parameter* norm_of(gpt2_model* model) {
  return &model->parameters[2 + gpt2_layers * per_layer];
}

static void describe(gpt2_parameter* of, const char* prefix, const char* name, int n, int m) {
  snprintf(of->name, sizeof of->name, "%s%s", prefix, name);
  of->rows = n;
  of->columns = m;
}

static void describe_all(gpt2_model* model) {
  static const struct {
    const char* name;
    int rows, columns;
  } shapes[per_layer] = {{"ln_1.weight", 0, width},
                         {"ln_1.bias", 0, width},
                         {"attn.c_attn.weight", width, 3 * width},
                         {"attn.c_attn.bias", 0, 3 * width},
                         {"attn.c_proj.weight", width, width},
                         {"attn.c_proj.bias", 0, width},
                         {"ln_2.weight", 0, width},
                         {"ln_2.bias", 0, width},
                         {"mlp.c_fc.weight", width, 4 * width},
                         {"mlp.c_fc.bias", 0, 4 * width},
                         {"mlp.c_proj.weight", 4 * width, width},
                         {"mlp.c_proj.bias", 0, width}};
  describe(&model->parameters[0], "", "wte", gpt2_tokens, width);
  describe(&model->parameters[1], "", "wpe", length, width);
  for (int layer = 0; layer < gpt2_layers; ++layer) {
    char prefix[16];
    snprintf(prefix, sizeof prefix, "h.%d.", layer);
    for (int i = 0; i < per_layer; ++i) {
      describe(of_layer(model, layer, i), prefix, shapes[i].name, shapes[i].rows,
               shapes[i].columns);
    }
  }
  describe(norm_of(model), "", "ln_f.weight", 0, width);
  describe(norm_of(model) + 1, "", "ln_f.bias", 0, width);
}

static size_t count_of(const gpt2_parameter* of) {
  return (size_t)(of->rows ? of->rows : 1) * (size_t)of->columns;
}

/* Roughly normal, with deviation 1: the sum of 12 uniform numbers. */
static float random_number(uint64_t* state) {
  float sum = -6;
  for (int i = 0; i < 12; ++i) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    sum += (float)(*state >> 40) / (float)(1 << 24);
  }
  return sum;
}

/* As GPT-2, whose deviation of 0.02 is for 768 channels: less where layers add to the residual
 * stream; norms begin as nothing.
 */
static void initialise(gpt2_parameter* of, uint64_t* state) {
  const int is_norm = strstr(of->name, "ln_") && strstr(of->name, "weight");
  const float residual = strstr(of->name, "c_proj") ? 1 / sqrtf(2 * gpt2_layers) : 1;
  for (size_t i = 0; i < count_of(of); ++i) {
    if (of->rows) {
      of->param[i] = 0.08F * residual * random_number(state);
    } else {
      of->param[i] = is_norm ? 1 : 0;
    }
  }
}

gpt2_model* gpt2_create(unsigned seed) {
  gpt2_model* model = calloc(1, sizeof *model);
  uint64_t state = seed;
  size_t count = 0, begun = 0;
  if (!model) return NULL;
  describe_all(model);
  for (int i = 0; i < gpt2_parameters; ++i) count += count_of(&model->parameters[i]);
  model->memory = calloc(2 * count, sizeof *model->memory);
  if (!model->memory) {
    free(model);
    return NULL;
  }
  for (int i = 0; i < gpt2_parameters; ++i) {
    gpt2_parameter* of = &model->parameters[i];
    of->param = model->memory + begun;
    of->grad = model->memory + count + begun;
    begun += count_of(of);
    initialise(of, &state);
  }
  return model;
}

void gpt2_destroy(gpt2_model* model) {
  if (model) free(model->memory);
  free(model);
}

const gpt2_parameter* gpt2_parameters_of(const gpt2_model* model) { return model->parameters; }

static void linear(gpt2_model* model, int layer, int weight, float* out, const float* in) {
  const gpt2_parameter* of = of_layer(model, layer, weight);
  linear_forward(out, in, of->param, of[1].param, rows, of->rows, of->columns);
}

static void linear_back(gpt2_model* model, int layer, int weight, float* in_grad,
                        const float* out_grad, const float* in) {
  const gpt2_parameter* of = of_layer(model, layer, weight);
  linear_backward(in_grad, of->grad, of[1].grad, out_grad, in, of->param, rows, of->rows,
                  of->columns);
}

static void add(float* out, const float* a, int count) {
  for (int i = 0; i < count; ++i) out[i] += a[i];
}

static void layer_forward(gpt2_model* model, int layer, float* out) {
  activations* a = &model->layers[layer];
  statistics* s = &model->numbers[layer];
  const gpt2_parameter* norm1 = of_layer(model, layer, norm1_weight);
  const gpt2_parameter* norm2 = of_layer(model, layer, norm2_weight);
  layernorm_forward(a->norm1, s->mean1, s->scale1, a->in, norm1->param, norm1[1].param, rows,
                    width);
  linear(model, layer, qkv_weight, a->qkv, a->norm1);
  for (int b = 0; b < gpt2_batch; ++b) {
    attention_forward(a->mixed + b * length * width, s->weights + b * gpt2_heads * length * length,
                      a->qkv + b * length * 3 * width, length, width, gpt2_heads);
  }
  linear(model, layer, attention_weight, a->middle, a->mixed);
  add(a->middle, a->in, rows * width);
  layernorm_forward(a->norm2, s->mean2, s->scale2, a->middle, norm2->param, norm2[1].param, rows,
                    width);
  linear(model, layer, up_weight, a->up, a->norm2);
  gelu_forward(a->gelu, a->up, rows * 4 * width);
  linear(model, layer, down_weight, out, a->gelu);
  add(out, a->middle, rows * width);
}

/* out_grad becomes the gradient of the layer's input. */
static void layer_backward(gpt2_model* model, int layer, float* out_grad) {
  const activations* a = &model->layers[layer];
  const statistics* s = &model->numbers[layer];
  activations* g = &model->grads;
  const gpt2_parameter* norm1 = of_layer(model, layer, norm1_weight);
  const gpt2_parameter* norm2 = of_layer(model, layer, norm2_weight);
  float scratch[length];
  memset(g, 0, sizeof *g);
  linear_back(model, layer, down_weight, g->gelu, out_grad, a->gelu);
  gelu_backward(g->up, g->gelu, a->up, rows * 4 * width);
  linear_back(model, layer, up_weight, g->norm2, g->up, a->norm2);
  layernorm_backward(out_grad, norm2->grad, norm2[1].grad, g->norm2, a->middle, norm2->param,
                     s->mean2, s->scale2, rows, width);
  linear_back(model, layer, attention_weight, g->mixed, out_grad, a->mixed);
  for (int b = 0; b < gpt2_batch; ++b) {
    attention_backward(g->qkv + b * length * 3 * width, scratch, g->mixed + b * length * width,
                       s->weights + b * gpt2_heads * length * length,
                       a->qkv + b * length * 3 * width, length, width, gpt2_heads);
  }
  linear_back(model, layer, qkv_weight, g->norm1, g->qkv, a->norm1);
  layernorm_backward(out_grad, norm1->grad, norm1[1].grad, g->norm1, a->in, norm1->param, s->mean1,
                     s->scale1, rows, width);
}

float gpt2_pass(gpt2_model* model, const unsigned char* inputs, const unsigned char* targets,
                int has_backward) {
  gpt2_parameter *wte = &model->parameters[0], *wpe = &model->parameters[1];
  const gpt2_parameter* norm = norm_of(model);
  for (int r = 0; r < rows; ++r) {
    for (int i = 0; i < width; ++i) {
      model->layers[0].in[r * width + i] =
          wte->param[inputs[r] * width + i] + wpe->param[r % length * width + i];
    }
  }
  for (int k = 0; k < gpt2_layers; ++k) {
    layer_forward(model, k, k + 1 < gpt2_layers ? model->layers[k + 1].in : model->last);
  }
  layernorm_forward(model->norm, model->mean, model->scale, model->last, norm->param, norm[1].param,
                    rows, width);
  tied_forward(model->logits, model->norm, wte->param, rows, width, gpt2_tokens);
  const float loss = softmax_loss(model->logits, targets, rows, gpt2_tokens);
  if (!has_backward) return loss;
  memset(model->norm_grad, 0, sizeof model->norm_grad);
  memset(model->last_grad, 0, sizeof model->last_grad);
  tied_backward(model->norm_grad, wte->grad, model->logits, model->norm, wte->param, rows, width,
                gpt2_tokens);
  layernorm_backward(model->last_grad, norm->grad, norm[1].grad, model->norm_grad, model->last,
                     norm->param, model->mean, model->scale, rows, width);
  for (int k = gpt2_layers - 1; k >= 0; --k) layer_backward(model, k, model->last_grad);
  for (int r = 0; r < rows; ++r) {
    add(wte->grad + inputs[r] * width, model->last_grad + r * width, width);
    add(wpe->grad + r % length * width, model->last_grad + r * width, width);
  }
  return loss;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The gradient of each tensor of the GPT-2 example is the slope of its loss.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "gpt2_model.h"

static unsigned char inputs[gpt2_rows_of_batch], targets[gpt2_rows_of_batch];

/* The slope of the loss along one direction: the gradient's own signs in one tensor. Along it the
 * loss changes most, so that float32 can measure the change. */
static int has_slope(gpt2_model* model, const gpt2_parameter* of) {
  const int count = (of->rows ? of->rows : 1) * of->columns;
  static float signs[gpt2_tokens * gpt2_width * 4];
  double wanted = 0;
  for (int i = 0; i < count; ++i) {
    signs[i] = (float)((of->grad[i] > 0) - (of->grad[i] < 0));
    wanted += fabs((double)of->grad[i]);
  }
  const float step = (float)(4e-3 / wanted);
  double losses[2];
  for (int side = 0; side < 2; ++side) {
    const float move = side ? step : -step;
    for (int i = 0; i < count; ++i) of->param[i] += move * signs[i];
    losses[side] = gpt2_pass(model, inputs, targets, 0);
    for (int i = 0; i < count; ++i) of->param[i] -= move * signs[i];
  }
  const double got = (losses[1] - losses[0]) / (2 * (double)step);
  const int is_near = wanted > 0 && fabs(got - wanted) <= 0.02 * wanted;
  if (!is_near) printf("%s: the slope is %g, and its gradient says %g\n", of->name, got, wanted);
  return is_near;
}

int main(void) {
  gpt2_model* model = gpt2_create(3);
  int errors = 0;
  if (!model) return 1;
  const gpt2_parameter* parameters = gpt2_parameters_of(model);
  for (int i = 0; i < gpt2_rows_of_batch; ++i) {
    inputs[i] = (unsigned char)(i * i % 97);
    targets[i] = (unsigned char)(i * 7 % 89);
  }
  for (int i = 0; i < gpt2_parameters; ++i) { /* away from the start, where much is 0 */
    const gpt2_parameter* of = &parameters[i];
    const int count = (of->rows ? of->rows : 1) * of->columns;
    for (int k = 0; k < count; ++k) of->param[k] = of->param[k] * 3 + 0.1F * sinf((float)(k + i));
  }
  gpt2_pass(model, inputs, targets, 1);
  for (int i = 0; i < gpt2_parameters; ++i) errors += !has_slope(model, &parameters[i]);
  printf("%d tensors, %d errors\n", (int)gpt2_parameters, errors);
  gpt2_destroy(model);
  return errors > 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * A cloud of points that grows and shrinks while Adam fits it to a curve, as in 3D Gaussian
 * splatting. Every 50 steps, points that no part of the curve is nearest to are pruned, and points
 * that stand for too much of it get a neighbour. gradstep_optimizer_set_param carries Adam's
 * averages along with the points that stay. C99.
 */
#include <gradstep/gradstep.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { most_points = 64, target_count = 96, step_count = 300, interval = 50, most_targets = 4 };

static void must(gradstep_status status) {
  if (status == GRADSTEP_OK) return;
  fprintf(stderr, "point_cloud: %s: %s\n", gradstep_status_name(status), gradstep_last_error());
  exit(1);
}

static float target[target_count][3]; /* points of a helix */

typedef struct cloud {
  size_t count;
  float (*xyz)[3], (*grad)[3];
  int target_counts[most_points]; /* targets that the point is the nearest to */
  int farthest[most_points];      /* one of them; -1: there is none */
} cloud;

static float squared_distance(const float* a, const float* b) {
  const float x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];
  return x * x + y * y + z * z;
}

/* Sets the gradients and the fields about targets. Returns the mean squared distance. */
static double look(cloud* c) {
  double error = 0;
  for (size_t i = 0; i < c->count; ++i) {
    c->grad[i][0] = c->grad[i][1] = c->grad[i][2] = 0;
    c->target_counts[i] = 0, c->farthest[i] = -1;
  }
  for (int t = 0; t < target_count; ++t) {
    size_t nearest = 0;
    for (size_t i = 1; i < c->count; ++i) {
      if (squared_distance(c->xyz[i], target[t]) < squared_distance(c->xyz[nearest], target[t]))
        nearest = i;
    }
    const float* p = c->xyz[nearest];
    const int far = c->farthest[nearest];
    for (int k = 0; k < 3; ++k) c->grad[nearest][k] += 2 * (p[k] - target[t][k]) / target_count;
    if (far < 0 || squared_distance(p, target[t]) > squared_distance(p, target[far]))
      c->farthest[nearest] = t;
    ++c->target_counts[nearest];
    error += squared_distance(p, target[t]) / target_count;
  }
  return error;
}

/* The arrays of a cloud of this count, which are not set. */
static gradstep_tensor allocate(cloud* c, size_t count) {
  gradstep_tensor arrays = {.struct_size = sizeof arrays, .count = 3 * count};
  c->count = count;
  c->xyz = malloc(count * sizeof *c->xyz);
  c->grad = malloc(count * sizeof *c->grad);
  if (c->xyz == NULL || c->grad == NULL) exit(1);
  arrays.param = (gradstep_array){.data = c->xyz, .dtype = GRADSTEP_FLOAT32};
  arrays.grad = (gradstep_array){.data = c->grad, .dtype = GRADSTEP_FLOAT32};
  return arrays;
}

static void prune_and_grow(cloud* c, gradstep_optimizer* optimizer, size_t tensor) {
  int64_t sources[most_points]; /* the old point that a new one continues; -1: it begins */
  int begins_at[most_points];   /* the target where a new point begins */
  size_t count = 0, pruned = 0, begun = 0;
  cloud old = *c;
  for (size_t i = 0; i < old.count; ++i) {
    if (old.target_counts[i] == 0) {
      ++pruned;
      continue;
    }
    sources[count++] = (int64_t)i;
    if (old.target_counts[i] <= most_targets || old.count + begun >= most_points) continue;
    begins_at[count] = old.farthest[i];
    sources[count++] = -1;
    ++begun;
  }
  const gradstep_tensor arrays = allocate(c, count);
  for (size_t i = 0; i < count; ++i) {
    const float* from = sources[i] < 0 ? target[begins_at[i]] : old.xyz[sources[i]];
    for (int k = 0; k < 3; ++k) c->xyz[i][k] = from[k];
  }
  must(gradstep_optimizer_set_param(optimizer, tensor, &arrays, sources, count));
  free(old.xyz), free(old.grad);
  printf("  %2d pruned, %2d begun\n", (int)pruned, (int)begun);
}

int main(void) {
  gradstep_group_options group = {.struct_size = sizeof group, .name = "points"};
  gradstep_context* context = NULL;
  gradstep_optimizer* optimizer = NULL;
  gradstep_rule* adam = NULL;
  size_t tensor = 0;
  cloud c;
  for (int t = 0; t < target_count; ++t) {
    const double angle = 0.125 * t;
    target[t][0] = (float)cos(angle), target[t][1] = (float)sin(angle), target[t][2] = 0.02F * t;
  }
  const gradstep_tensor arrays = allocate(&c, 4);
  for (int i = 0; i < 4; ++i) { /* two of them are so far away that they will not be needed */
    c.xyz[i][0] = (float)(i < 2 ? i : 9 * i), c.xyz[i][1] = 0.5F, c.xyz[i][2] = (float)i;
  }
  must(gradstep_context_create(NULL, &context));
  must(gradstep_optimizer_create(context, NULL, &optimizer));
  must(gradstep_rule_create("adam", &adam));
  must(gradstep_rule_set(adam, "lr", 0.01));
  group.rule = adam;
  must(gradstep_optimizer_add_group(optimizer, &group, NULL));
  must(gradstep_optimizer_add_tensor(optimizer, 0, "xyz", &arrays, &tensor));
  for (int step = 0; step <= step_count; ++step) {
    const double error = look(&c);
    if (step % interval == 0) {
      printf("step %3d: %2d points, mean squared distance %.4f\n", step, (int)c.count, error);
    }
    if (step == step_count) break;
    if (step != 0 && step % interval == 0) {
      prune_and_grow(&c, optimizer, tensor);
      look(&c);
    }
    must(gradstep_optimizer_step(optimizer, NULL, NULL));
  }
  gradstep_optimizer_destroy(optimizer), gradstep_rule_destroy(adam);
  gradstep_context_destroy(context);
  free(c.xyz), free(c.grad);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "gpt2_layers.h"

#include <math.h>

/* y += a x. A compiler vectorises it, because no element depends on another. */
static void add_scaled(float* y, float a, const float* x, int count) {
  for (int i = 0; i < count; ++i) y[i] += a * x[i];
}

enum { block = 4 };

/* y += the sum of block rows of x, row k times a[k a_step]. It reads and writes y once for all of
 * them. */
static void add_rows(float* y, const float* a, int a_step, const float* x, int count) {
  const float a0 = a[0], a1 = a[a_step], a2 = a[2 * a_step], a3 = a[3 * a_step];
  const float *x1 = x + count, *x2 = x1 + count, *x3 = x2 + count;
  for (int i = 0; i < count; ++i) y[i] += a0 * x[i] + a1 * x1[i] + a2 * x2[i] + a3 * x3[i];
}

/* The sum of x y, in as many partial sums as a vector has elements. */
static float dot(const float* x, const float* y, int count) {
  enum { lanes = 16 };
  float sums[lanes] = {0}, sum = 0;
  int i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (int k = 0; k < lanes; ++k) sums[k] += x[i + k] * y[i + k];
  }
  for (; i < count; ++i) sum += x[i] * y[i];
  for (int k = 0; k < lanes; ++k) sum += sums[k];
  return sum;
}

void linear_forward(float* out, const float* in, const float* weight, const float* bias, int rows,
                    int in_width, int out_width) {
  for (int r = 0; r < rows; ++r) {
    float* y = out + (long)r * out_width;
    const float* x = in + (long)r * in_width;
    for (int o = 0; o < out_width; ++o) y[o] = bias[o];
    for (int i = 0; i < in_width; i += block) {
      add_rows(y, x + i, 1, weight + (long)i * out_width, out_width);
    }
  }
}

void linear_backward(float* in_grad, float* weight_grad, float* bias_grad, const float* out_grad,
                     const float* in, const float* weight, int rows, int in_width, int out_width) {
  for (int r = 0; r < rows; r += block) {
    const float* dy = out_grad + (long)r * out_width;
    const float* x = in + (long)r * in_width;
    for (int k = 0; k < block; ++k) add_scaled(bias_grad, 1, dy + (long)k * out_width, out_width);
    for (int i = 0; i < in_width; ++i) {
      const float* w = weight + (long)i * out_width;
      float* dx = in_grad + (long)r * in_width + i;
      for (int k = 0; k < block; ++k) {
        dx[(long)k * in_width] += dot(dy + (long)k * out_width, w, out_width);
      }
      add_rows(weight_grad + (long)i * out_width, x + i, in_width, dy, out_width);
    }
  }
}

void tied_forward(float* out, const float* in, const float* weight, int rows, int in_width,
                  int out_width) {
  for (int r = 0; r < rows; ++r) {
    for (int o = 0; o < out_width; ++o) {
      out[(long)r * out_width + o] =
          dot(in + (long)r * in_width, weight + (long)o * in_width, in_width);
    }
  }
}

void tied_backward(float* in_grad, float* weight_grad, const float* out_grad, const float* in,
                   const float* weight, int rows, int in_width, int out_width) {
  for (int r = 0; r < rows; ++r) {
    const long x = (long)r * in_width;
    for (int o = 0; o < out_width; ++o) {
      const float dy = out_grad[(long)r * out_width + o];
      add_scaled(in_grad + x, dy, weight + (long)o * in_width, in_width);
      add_scaled(weight_grad + (long)o * in_width, dy, in + x, in_width);
    }
  }
}

void layernorm_forward(float* out, float* mean, float* scale, const float* in, const float* weight,
                       const float* bias, int rows, int width) {
  for (int r = 0; r < rows; ++r) {
    const float* x = in + (long)r * width;
    float* y = out + (long)r * width;
    float sum = 0, squares = 0;
    for (int i = 0; i < width; ++i) sum += x[i];
    mean[r] = sum / (float)width;
    for (int i = 0; i < width; ++i) squares += (x[i] - mean[r]) * (x[i] - mean[r]);
    scale[r] = 1 / sqrtf(squares / (float)width + 1e-5F);
    for (int i = 0; i < width; ++i) y[i] = (x[i] - mean[r]) * scale[r] * weight[i] + bias[i];
  }
}

void layernorm_backward(float* in_grad, float* weight_grad, float* bias_grad, const float* out_grad,
                        const float* in, const float* weight, const float* mean, const float* scale,
                        int rows, int width) {
  for (int r = 0; r < rows; ++r) {
    const float* dy = out_grad + (long)r * width;
    const float* x = in + (long)r * width;
    float sum = 0, along = 0; /* of the gradient of the normalised row */
    for (int i = 0; i < width; ++i) {
      const float normal = (x[i] - mean[r]) * scale[r];
      weight_grad[i] += dy[i] * normal;
      bias_grad[i] += dy[i];
      sum += dy[i] * weight[i];
      along += dy[i] * weight[i] * normal;
    }
    for (int i = 0; i < width; ++i) {
      const float normal = (x[i] - mean[r]) * scale[r];
      in_grad[(long)r * width + i] +=
          scale[r] * (dy[i] * weight[i] - (sum + normal * along) / (float)width);
    }
  }
}

void attention_forward(float* out, float* weights, const float* qkv, int length, int width,
                       int heads) {
  const int size = width / heads;
  const float factor = 1 / sqrtf((float)size);
  for (int h = 0; h < heads; ++h) {
    for (int i = 0; i < length; ++i) {
      const float* query = qkv + (long)i * 3 * width + h * size;
      float* w = weights + ((long)h * length + i) * length;
      float* y = out + (long)i * width + h * size;
      float largest = -INFINITY, sum = 0;
      for (int j = 0; j <= i; ++j) {
        w[j] = factor * dot(query, qkv + (long)j * 3 * width + width + h * size, size);
        largest = fmaxf(largest, w[j]);
      }
      for (int j = 0; j <= i; ++j) sum += w[j] = expf(w[j] - largest);
      for (int k = 0; k < size; ++k) y[k] = 0;
      for (int j = 0; j <= i; ++j) {
        w[j] /= sum;
        add_scaled(y, w[j], qkv + (long)j * 3 * width + 2 * width + h * size, size);
      }
    }
  }
}

void attention_backward(float* qkv_grad, float* scratch, const float* out_grad,
                        const float* weights, const float* qkv, int length, int width, int heads) {
  const int size = width / heads;
  const float factor = 1 / sqrtf((float)size);
  for (int h = 0; h < heads; ++h) {
    for (int i = 0; i < length; ++i) {
      const float* w = weights + ((long)h * length + i) * length;
      const float* dy = out_grad + (long)i * width + h * size;
      const long query = (long)i * 3 * width + h * size;
      float mean = 0; /* of the weights' gradients */
      for (int j = 0; j <= i; ++j) {
        const long value = (long)j * 3 * width + 2 * width + h * size;
        scratch[j] = dot(dy, qkv + value, size);
        mean += w[j] * scratch[j];
        add_scaled(qkv_grad + value, w[j], dy, size);
      }
      for (int j = 0; j <= i; ++j) {
        const long key = (long)j * 3 * width + width + h * size;
        const float score_grad = factor * w[j] * (scratch[j] - mean);
        add_scaled(qkv_grad + query, score_grad, qkv + key, size);
        add_scaled(qkv_grad + key, score_grad, qkv + query, size);
      }
    }
  }
}

static const float gelu_factor = 0.79788456F; /* sqrt(2 / pi) */

void gelu_forward(float* out, const float* in, int count) {
  for (int i = 0; i < count; ++i) {
    const float x = in[i];
    out[i] = 0.5F * x * (1 + tanhf(gelu_factor * (x + 0.044715F * x * x * x)));
  }
}

void gelu_backward(float* in_grad, const float* out_grad, const float* in, int count) {
  for (int i = 0; i < count; ++i) {
    const float x = in[i], t = tanhf(gelu_factor * (x + 0.044715F * x * x * x));
    const float slope = gelu_factor * (1 + 3 * 0.044715F * x * x);
    in_grad[i] += out_grad[i] * (0.5F * (1 + t) + 0.5F * x * (1 - t * t) * slope);
  }
}

float softmax_loss(float* logits, const unsigned char* targets, int rows, int width) {
  double loss = 0;
  for (int r = 0; r < rows; ++r) {
    float* z = logits + (long)r * width;
    float largest = -INFINITY, sum = 0;
    for (int i = 0; i < width; ++i) largest = fmaxf(largest, z[i]);
    loss += (double)largest - z[targets[r]];
    for (int i = 0; i < width; ++i) sum += z[i] = expf(z[i] - largest);
    loss += log((double)sum);
    for (int i = 0; i < width; ++i) z[i] /= sum * (float)rows;
    z[targets[r]] -= 1 / (float)rows;
  }
  return (float)(loss / rows);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The layers of GPT-2, forward and backward. C99.
 *
 * A matrix of n rows and m columns is row-major. `rows` counts positions of the batch: each has one
 * row of channels. A backward function adds to the gradients of its inputs and of its weights, and
 * reads what the forward function has read and written. rows and in_width are multiples of 4.
 */
#ifndef EXAMPLES_GPT2_LAYERS_H
#define EXAMPLES_GPT2_LAYERS_H

/* out = in weight + bias; weight has in_width rows of out_width columns. */
void linear_forward(float* out, const float* in, const float* weight, const float* bias, int rows,
                    int in_width, int out_width);
void linear_backward(float* in_grad, float* weight_grad, float* bias_grad, const float* out_grad,
                     const float* in, const float* weight, int rows, int in_width, int out_width);

/* out = in weight^T, without bias; weight has out_width rows of in_width columns. It is for the
 * output layer, whose weight is the embedding of the tokens. */
void tied_forward(float* out, const float* in, const float* weight, int rows, int in_width,
                  int out_width);
void tied_backward(float* in_grad, float* weight_grad, const float* out_grad, const float* in,
                   const float* weight, int rows, int in_width, int out_width);

/* Each row of out: (in - mean) / sqrt(variance + 1e-5) * weight + bias. mean and scale have `rows`
 * elements, which the backward function needs. */
void layernorm_forward(float* out, float* mean, float* scale, const float* in, const float* weight,
                       const float* bias, int rows, int width);
void layernorm_backward(float* in_grad, float* weight_grad, float* bias_grad, const float* out_grad,
                        const float* in, const float* weight, const float* mean, const float* scale,
                        int rows, int width);

/* Causal self-attention of one sequence. qkv has `length` rows of 3 width elements: queries, keys
 * and values. Each of `heads` heads has width / heads of the channels. weights is heads x length x
 * length: how much position i of a head looks at position j <= i. */
void attention_forward(float* out, float* weights, const float* qkv, int length, int width,
                       int heads);
/* scratch has `length` elements. */
void attention_backward(float* qkv_grad, float* scratch, const float* out_grad,
                        const float* weights, const float* qkv, int length, int width, int heads);

/* GPT-2's gelu: x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). */
void gelu_forward(float* out, const float* in, int count);
void gelu_backward(float* in_grad, const float* out_grad, const float* in, int count);

/* The mean cross-entropy of the targets; logits become the gradient of that mean. */
float softmax_loss(float* logits, const unsigned char* targets, int rows, int width);

#endif

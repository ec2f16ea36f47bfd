// SPDX-License-Identifier: Apache-2.0

// Package gradstep makes the optimizer's update in machine learning at memory speed: SGD, momentum,
// Adagrad, RMSprop, Adadelta, Adam, AdamW, NAdam, schedule-free AdamW, LAMB, Adafactor and Prodigy, on
// the CPU.
//
// An [Optimizer] keeps the state of parameters in groups, their step counts and learning rates. [Apply]
// is for programs that keep state and counts themselves. [Rules] and [Schedules] tell what there is.
//
// # Memory
//
// Params and gradients are the caller's slices. An optimizer pins them, so that it may write them from C,
// until the tensor is removed or the optimizer is closed. State is in C memory.
//
// # Errors
//
// A failed call has changed nothing. Its error is an [*Error], whose sentence names the argument, its
// value and what is allowed; errors.Is(err, gradstep.ErrUnknownName) and the like tell the kinds apart.
//
// # Goroutines
//
// Any goroutines may use a context, a rule or a schedule that nobody changes. Calls on one optimizer wait
// for each other. While a step runs, nobody may use the params and gradients.
package gradstep

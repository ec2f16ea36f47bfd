// gradstep for C++: owning handles and exceptions over gradstep.h.
//
// SPDX-License-Identifier: Apache-2.0
//
// These headers need C++17 and contain all their code, so they add no symbol to the library. They
// are the C interface with three differences: an object destroys what it created, a failed call
// throws gradstep::error, and the element type of an array gives its dtype. gradstep.h documents
// each call, its bounds and its errors.
//
// Stateless steps: the program counts the steps.
//
//     gradstep::context context;                                  // threads and instruction set
//     gradstep::rule adamw("adamw", {{"lr", 1e-3}});
//     gradstep::parameter<float> weights(adamw, param, grad, n);  // allocates the rule's slots
//     weights.step(context, adamw, t);                            // t = 1, 2, 3 ...
//
// Other dtypes, 8-bit slots and options, in the same pass over memory:
//
//     using gradstep::bfloat16;
//     gradstep::parameter<float, bfloat16> weights(adamw, param, grad, n, GRADSTEP_S1E4M3_B256);
//     weights.set_copy(copy);                                     // bfloat16* copy: rounded params
//     auto options = gradstep::sized<gradstep_apply_options>();
//     options.flags = GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_ZERO_GRAD;
//     options.max_norm = 1;
//     options.step = t;
//     weights.step(context, adamw, options);
//
// gradstep::schedule (schedules.hpp) gives the learning rate as a function of the step.
// gradstep::optimizer (optimizers.hpp) keeps groups of tensors with their state and step counts,
// and writes checkpoints.
#ifndef GRADSTEP_GRADSTEP_HPP
#define GRADSTEP_GRADSTEP_HPP

#include <gradstep/gradstep.h>
#include <gradstep/c_calls.hpp>
#include <gradstep/contexts.hpp>
#include <gradstep/loss_scalers.hpp>
#include <gradstep/optimizers.hpp>
#include <gradstep/parameters.hpp>
#include <gradstep/rules.hpp>
#include <gradstep/schedules.hpp>
#include <gradstep/stateless_steps.hpp>
#include <gradstep/typed_arrays.hpp>

#endif  // GRADSTEP_GRADSTEP_HPP

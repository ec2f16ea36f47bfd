// SPDX-License-Identifier: Apache-2.0

// Package solvers has solvers for gorgonia that gradstep makes: any of its rules, with gorgonia's names
// and defaults for those that gorgonia has too.
//
// # Memory
//
// A [Solver] keeps state for each node of a model. It pins the elements of the node's value and gradient,
// which C reads and writes, until Forget or Close. State is in C memory.
//
// # Values
//
// A value and its gradient are a [gorgonia.org/tensor.Dense] of float32 or float64, or a gorgonia.F32 or
// gorgonia.F64. The elements of a Dense follow each other in row-major order, without gaps: transposed and
// masked ones, and views with gaps, are errors.
//
// # Errors
//
// A failed call has changed no value, no gradient and no state. Its error is a [gradstep.Error].
//
// # Goroutines
//
// Calls on one solver wait for each other. While Step runs, nobody may use the model's values and gradients.
package solvers

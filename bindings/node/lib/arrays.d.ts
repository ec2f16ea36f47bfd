// SPDX-License-Identifier: Apache-2.0

/** bfloat16 and float16 are the bits of numbers, in a Uint16Array. */
export type Dtype = 'float32' | 'float64' | 'bfloat16' | 'float16';

export type Numbers = Float32Array | Float64Array | Uint16Array;

/** What steps do beside the rule. */
export interface StepOptions {
  /** Clips by the global norm of all gradients of a step. */
  maxNorm?: number;
  /** Clips each element of the gradients. */
  maxValue?: number;
  /** Moves the averages of tensors that have one. */
  averageDecay?: number;
  /** The averages are means of all params. */
  equalAverage?: boolean;
  /** Skips steps in which a gradient is not finite. */
  checkFinite?: boolean;
  /** Steps zero the gradients. */
  zeroGrad?: boolean;
  /** Rounds 16-bit params stochastically. */
  stochasticParams?: boolean;
  /** Rounds narrow slots to nearest instead of stochastically. */
  nearestSlots?: boolean;
  /** Of stochastic rounding. */
  seed?: number | bigint;
}

export interface StepResult {
  /** Nothing was changed: a gradient is not finite. The step does not count. */
  isSkipped: boolean;
  /** Nothing was changed: the rule stopped the step. The step does not count. */
  isStopped: boolean;
  /** Of the gradients before clipping; 0 unless the step needed it. */
  gradNorm: number;
  /** Elements of gradients that are not finite; 0 unless the step looked for them. */
  nonFiniteCount: number;
  clipFactor: number;
  /** The pieces of work that ran. */
  pieceCount: number;
  /** Of a step tensor by tensor: the tensors that should have been stepped, but were not. */
  leftOutCount: number;
}

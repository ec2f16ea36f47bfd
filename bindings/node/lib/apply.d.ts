// SPDX-License-Identifier: Apache-2.0
import type { Dtype, Numbers, StepOptions, StepResult } from './arrays.js';
import type { Context, Rule } from './objects.js';

export interface StateOptions {
  /** Of the param: needed for a Uint16Array. */
  dtype?: Dtype;
  /** Of its matrices, for rules that look at them. */
  rows?: number;
  columns?: number;
  /** Wanted for slots: bfloat16 halves their memory. */
  slotDtype?: Dtype | '8bit';
}

/** The state of one parameter, for `apply`: the slots and scalars of its rule. */
export class State {
  /**
   * The state before the first step. A slot that begins as the param is a copy of it. The param itself
   * is not kept.
   */
  constructor(rule: Rule, param: Numbers, options?: StateOptions);
  /** The number of elements of the param. */
  readonly count: number;
  /** Of the param. */
  readonly dtype: Dtype;
  /** The memory of the slots. */
  readonly bytes: number;
  /** The names of the slots that the rule used when the state was made. */
  readonly slots: string[];
  /** The single numbers of the rule's state. Steps write them. */
  readonly scalars: Float64Array;
  /** The numbers of a slot: "exp_avg". */
  read(slot: string): Float64Array;
  /** Replaces the numbers of a slot, rounded to its dtype. */
  write(slot: string, numbers: ArrayLike<number>): void;
}

/** The scalars that all tensors of a rule share, before the first step: `shared` of `apply`. */
export function sharedScalars(rule: Rule): Float64Array;

/**
 * One parameter in a call of `apply`. Its arrays are any typed arrays of `state.count` elements. A
 * Uint16Array of a param or gradient has the param's dtype unless another is given.
 */
export interface ApplyTensor {
  /** Read and written. */
  param: Numbers;
  /** Read; written only with zeroGrad. */
  grad: Numbers;
  gradDtype?: Dtype;
  state: State;
  /** The step also writes the new param here. */
  copy?: Float32Array | Uint16Array;
  /** Needed for a Uint16Array. */
  copyDtype?: Dtype;
  /** The moving average of the param: a Float64Array beside one of those, otherwise a Float32Array. */
  average?: Float32Array | Float64Array;
  /** Distinguishes tensors in stochastic rounding; 0: the position in the list. */
  key?: number | bigint;
}

export interface ApplyOptions extends StepOptions {
  /** Step t of the formulas, counted from 1. */
  step: number | bigint;
  /** Multiplies each gradient: 1 / loss scale, for example. */
  gradScale?: number;
  /** The params in the averages before this step; otherwise step - 1. */
  averageCount?: number;
  /** A slot that no step has used yet is used from this step on: momentum that is switched on. */
  freshSlots?: boolean;
  /** What `sharedScalars` gave before the first step; prodigy needs it. */
  shared?: Float64Array;
  context?: Context;
}

/**
 * Makes one step of the rule for all tensors, on the context's threads, before it returns. The caller
 * owns the arrays and counts the steps. No array that is written may be in two tensors.
 */
export function apply(
  rule: Rule,
  tensors: Iterable<ApplyTensor>,
  options: ApplyOptions,
): StepResult;

/** Makes a transform of the rule: "evaluate" and "train" of schedule_free_adamw. */
export function transform(
  rule: Rule,
  tensors: Iterable<Omit<ApplyTensor, 'grad'>>,
  name: string,
  options?: { context?: Context },
): void;

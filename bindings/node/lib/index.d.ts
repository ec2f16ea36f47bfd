// SPDX-License-Identifier: Apache-2.0

/** Why a call failed. */
export type ErrorKind =
  | 'INVALID_ARGUMENT'
  | 'UNKNOWN_NAME'
  | 'OUT_OF_RANGE'
  | 'UNSUPPORTED'
  | 'OUT_OF_MEMORY'
  | 'INTERNAL'
  | 'BUSY'
  | 'WRONG_ORDER'
  | 'IO_ERROR'
  | 'CORRUPT'
  | 'MISMATCH'
  | 'CLOSED';

/** A failed call. It has changed nothing. The message names the argument, its value and what is allowed. */
export class GradstepError extends Error {
  readonly kind: ErrorKind;
}

export interface HyperparameterInfo {
  name: string;
  help: string;
  /** undefined: a value must be set */
  default: number | undefined;
  minimum: number;
  maximum: number;
  isList: boolean;
}

export interface ScheduleInfo {
  name: string;
  summary: string;
  formula: string;
  source: string;
  hyperparameters: HyperparameterInfo[];
}

export interface RuleInfo extends ScheduleInfo {
  /** The names of its arrays of state. */
  slots: string[];
}

export function rules(): RuleInfo[];
export function rule(name: string): RuleInfo;
export function schedules(): ScheduleInfo[];
export function schedule(name: string): ScheduleInfo;
/** Those that this CPU can run, from the lowest to the highest. */
export function instructionSets(): string[];
/** Of the running library: "0.2.0". */
export function version(): string;

export interface ContextOptions {
  /** The most threads that work on a step; 0: one for each CPU of the process. */
  threads?: number;
  isa?: string;
}

/** The threads and the instruction set of steps. */
export class Context {
  constructor(options?: ContextOptions);
  /** The process's context, which optimizers have that are given none. */
  static readonly shared: Context;
  readonly isa: string;
  readonly threads: number;
  /** It stays as long as an optimizer uses it. */
  close(): void;
}

/** An update formula with a value for each of its hyper-parameters. */
export class Rule {
  constructor(name: string, values?: Record<string, number | boolean>);
  set(name: string, value: number | boolean): this;
  get(name: string): number;
  /** Checks that the hyper-parameters go together; every step does too. */
  check(): void;
  close(): void;
}

/** The learning rate as a function of the step. */
export class Schedule {
  constructor(name: string, values?: Record<string, number | boolean | number[]>);
  set(name: string, value: number | boolean | number[]): this;
  get(name: string): number;
  check(): void;
  /** The rate at step t, counted from 0. */
  lr(baseLr: number, t: number): number;
  close(): void;
}

/** bfloat16 and float16 are the bits of numbers, in a Uint16Array. */
export type Dtype = 'float32' | 'float64' | 'bfloat16' | 'float16';

type Numbers = Float32Array | Float64Array | Uint16Array;

/** A parameter of an optimizer, in shared memory: it can be neither transferred nor resized. */
export class Tensor {
  private constructor();
  readonly param: Numbers;
  readonly grad: Numbers;
  readonly average?: Float32Array | Float64Array;
}

export interface OptimizerOptions {
  context?: Context;
  /** Clips by the global norm of all gradients of a step. */
  maxNorm?: number;
  /** Clips each element of the gradients. */
  maxValue?: number;
  /** Moves the averages of tensors that have one. */
  averageDecay?: number;
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

export interface GroupOptions {
  /** Copied. */
  schedule?: Schedule;
  /** Wanted for slots. */
  slotDtype?: Dtype | '8bit';
  /** Clips the group by the norm of its own gradients. */
  maxNorm?: number;
}

export interface TensorOptions {
  /** float64 for a Float64Array, otherwise float32. */
  dtype?: Dtype;
  gradDtype?: Dtype;
  /** Of its matrices, for rules that look at them. */
  rows?: number;
  columns?: number;
  /** It has a moving average. */
  average?: boolean;
}

export interface StepResult {
  /** Nothing was changed: a gradient is not finite. */
  isSkipped: boolean;
  /** Nothing was changed: the rule stopped the step. */
  isStopped: boolean;
  /** Of the gradients before clipping; 0 unless the step needed it. */
  gradNorm: number;
  clipFactor: number;
}

export interface LoadOptions {
  params?: boolean;
  /** The tensors that fit, and no others. */
  partial?: boolean;
  keepSettings?: boolean;
  /** Groups and rules may differ; tensors and slots are matched by name. */
  anyGroup?: boolean;
  /** What the file lacks starts afresh. */
  startMissing?: boolean;
}

export interface LoadResult {
  loaded: number;
  missing: number;
  extra: number;
}

export interface OptimizerInfo {
  groupCount: number;
  tensorCount: number;
  stepCount: number;
  skippedCount: number;
  stateBytes: number;
}

/** Parameters in groups, with their state, step counts and learning rates. */
export class Optimizer {
  constructor(options?: OptimizerOptions);
  setOptions(options: OptimizerOptions): void;
  /** The rule is copied. Gives the group's index. */
  addGroup(name: string, rule: Rule, options?: GroupOptions): number;
  /** Adds a tensor with a copy of `param`, and a gradient of zeros. */
  add(group: number, name: string, param: ArrayLike<number>, options?: TensorOptions): Tensor;
  remove(tensor: Tensor): void;
  /** Steps every tensor that is not frozen. gradScale multiplies each gradient. */
  step(gradScale?: number): StepResult;
  /** As step, on another thread. Until the promise settles, touch neither params nor gradients. */
  stepAsync(gradScale?: number): Promise<StepResult>;
  setFrozen(tensor: Tensor, isFrozen: boolean): void;
  /** Sets a hyper-parameter of a group's rule; "lr" is the base rate of its schedule. */
  set(group: number, name: string, value: number): void;
  get(group: number, name: string): number;
  /** The learning rate of a group's next step. */
  lr(group: number): number;
  readonly info: OptimizerInfo;
  /** A copy of a tensor's array: a slot ("exp_avg"), "param", "average" or "accumulated_grad". */
  read(tensor: Tensor, arrayName: string): Float64Array;
  /** The file is replaced as a whole or not at all. */
  save(path: string, options?: { params?: boolean }): void;
  saveBytes(options?: { params?: boolean }): Uint8Array;
  /** From a path, or the bytes of a checkpoint. On a failure nothing has changed. */
  load(from: string | Uint8Array, options?: LoadOptions): LoadResult;
  close(): void;
}

// SPDX-License-Identifier: Apache-2.0
import type { Dtype, Numbers, StepOptions, StepResult } from './arrays.js';
import type { LossScaler, Plateau } from './controls.js';
import type { Context, Rule, Schedule } from './objects.js';

/** A parameter of an optimizer, in shared memory: it can be neither transferred nor resized. */
export class Tensor {
  private constructor();
  readonly param: Numbers;
  readonly grad: Numbers;
  readonly average?: Float32Array | Float64Array;
  /** The param in copyDtype. */
  readonly copy?: Float32Array | Uint16Array;
}

export interface OptimizerOptions extends StepOptions {
  context?: Context;
}

export interface GroupOptions {
  /** Copied. */
  schedule?: Schedule;
  /** Multiplies the schedule's rate. */
  lrScale?: number;
  /** Wanted for slots. */
  slotDtype?: Dtype | '8bit';
  /** Clips the group by the norm of its own gradients. */
  maxNorm?: number;
}

export interface TensorOptions {
  /** float64 for a Float64Array, otherwise float32. */
  dtype?: Dtype;
  gradDtype?: Dtype;
  /** Steps also write the param in this dtype. */
  copyDtype?: Dtype;
  /** Of its matrices, for rules that look at them. */
  rows?: number;
  columns?: number;
  /** It has a moving average. */
  average?: boolean;
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
  /** Of the last step; 0 if that step did not need it. */
  gradNorm: number;
  stateBytes: number;
}

export interface GroupInfo {
  name: string;
  rule: string;
  schedule: string | null;
  tensorCount: number;
  /** Of the next step, after schedule and lrScale. */
  lr: number;
  lrScale: number;
  /** Of the last step, if the group has a maxNorm; otherwise 0. */
  gradNorm: number;
}

export interface TensorInfo {
  name: string;
  group: number;
  count: number;
  /** Steps in which it took part. */
  stepCount: number;
  isFrozen: boolean;
  /** It takes part by its gradient. */
  hasGrad: boolean;
  /** The params in its average. */
  averageCount: number;
}

/** A step that has begun: each tensor is stepped as soon as its gradient is ready. */
export class StepInParts {
  private constructor();
  /** Steps a tensor, once. */
  step(tensor: Tensor): void;
  /** As step, on another thread. Until the promise settles, touch none of the tensor's arrays. */
  stepAsync(tensor: Tensor): Promise<void>;
  /** Ends the step and tells whether tensors were left out. WRONG_ORDER: a promise has not settled. */
  end(): StepResult;
}

/** Parameters in groups, with their state, step counts and learning rates. */
export class Optimizer {
  constructor(options?: OptimizerOptions);
  setOptions(options: OptimizerOptions): void;

  /** The rule is copied. Gives the group's index. */
  addGroup(name: string, rule: Rule, options?: GroupOptions): number;
  /** Removes a group that has no tensors. */
  removeGroup(group: number): void;
  findGroup(name: string): number;
  groupInfo(group: number): GroupInfo;
  /** Sets a hyper-parameter of a group's rule; "lr" is the base rate of its schedule. */
  set(group: number, name: string, value: number | boolean): void;
  get(group: number, name: string): number;
  /** The learning rate of a group's next step. */
  lr(group: number): number;
  /** Copied; null: a constant rate. */
  setSchedule(group: number, schedule: Schedule | null): void;
  /** Copies a plateau into a group, whose base rate becomes the plateau's; null removes it. */
  setPlateau(group: number, plateau: Plateau | null): void;
  /** A copy of a group's plateau; UNSUPPORTED: there is none. */
  plateau(group: number): Plateau;
  /** Reports a metric to the plateaus of all groups. Gives how many rates were lowered. */
  reportMetric(metric: number): number;
  /** Clips a group by the norm of its own gradients; null: it is not. */
  setGroupMaxNorm(group: number, norm: number | null): void;
  /** Makes a transform of a group's rule: "evaluate" and "train" of schedule_free_adamw. */
  transform(group: number, name: string): void;

  /** Copies a loss scaler. Steps then divide gradients by its scale and update it; null removes it. */
  setLossScaler(scaler: LossScaler | null): void;
  /** A copy of the loss scaler at present; UNSUPPORTED: there is none. */
  readonly lossScaler: LossScaler;
  /** The number of the optimizer's steps, for a run that another program began. */
  setStepCount(count: number): void;
  readonly info: OptimizerInfo;

  /** Adds a tensor with a copy of `param`, and a gradient of zeros. */
  add(group: number, name: string, param: ArrayLike<number>, options?: TensorOptions): Tensor;
  remove(tensor: Tensor): void;
  /** In the order of adding. */
  readonly tensors: Tensor[];
  findTensor(name: string): Tensor;
  tensorInfo(tensor: Tensor): TensorInfo;
  /** Moves a tensor to another group; state that the new rule knows by name goes along. */
  moveTensor(tensor: Tensor, group: number): void;
  /** A frozen tensor takes no part in steps. */
  setFrozen(tensor: Tensor, isFrozen: boolean): void;
  /** Whether the tensor takes part by its gradient. Without one, a step changes nothing of it. */
  setHasGrad(tensor: Tensor, hasGrad: boolean): void;
  /** Adds the gradient, times scale, to the tensor's sum, which its next step uses in its place. */
  accumulate(tensor: Tensor, scale?: number): void;
  /** Copies the param, as it is now, to the average. */
  startAverage(tensor: Tensor): void;
  /** The number of steps in which the tensor took part, for a run that another program began. */
  setTensorStepCount(tensor: Tensor, count: number): void;
  /** A copy of a tensor's array: a slot ("exp_avg"), "param", "average" or "accumulated_grad". */
  read(tensor: Tensor, arrayName: string): Float64Array;
  /** Replaces the numbers of such an array, rounded to its dtype. */
  write(tensor: Tensor, arrayName: string, numbers: ArrayLike<number>): void;
  /** A single number of the state of a tensor's rule: "d" of prodigy. */
  scalar(tensor: Tensor, name: string): number;
  setScalar(tensor: Tensor, name: string, value: number): void;

  /** Steps every tensor that has a gradient and is not frozen. gradScale multiplies each gradient. */
  step(gradScale?: number): StepResult;
  /** As step, on another thread. Until the promise settles, touch neither params nor gradients. */
  stepAsync(gradScale?: number): Promise<StepResult>;
  /**
   * Begins a step tensor by tensor, whose bits are those of `step`. Until its end, other calls that
   * change the optimizer fail with WRONG_ORDER. So does this one with options that need all gradients
   * first: maxNorm, checkFinite, a loss scaler.
   */
  beginStep(gradScale?: number): StepInParts;

  /** The file is replaced as a whole or not at all. */
  save(path: string, options?: { params?: boolean }): void;
  saveBytes(options?: { params?: boolean }): Uint8Array;
  /** From a path, or the bytes of a checkpoint. On a failure nothing has changed. */
  load(from: string | Uint8Array, options?: LoadOptions): LoadResult;
  /** Sets a text that checkpoints hold beside the state; null removes it. */
  setNote(name: string, text: string | null): void;
  /** A text that was set or loaded; UNKNOWN_NAME: there is none. */
  note(name: string): string;
  readonly noteNames: string[];
  close(): void;
}

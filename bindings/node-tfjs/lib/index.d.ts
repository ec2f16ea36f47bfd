// SPDX-License-Identifier: Apache-2.0
import {
  type NamedTensorMap,
  Optimizer as TfOptimizer,
  type serialization,
  type Tensor,
} from '@tensorflow/tfjs-core';
import type { Context, Dtype, StepResult } from 'gradstep';

export interface NamedTensor {
  name: string;
  tensor: Tensor;
}

export interface OptimizerOptions {
  /** Wanted for the state: bfloat16 halves its memory, 8bit quarters it. */
  slotDtype?: Dtype | '8bit';
  /** The threads of steps; otherwise those of the process's context. It is not in the config. */
  context?: Context;
  /** Clips by the global norm of all gradients of a step. */
  maxNorm?: number;
  /** Clips each element of the gradients. */
  maxValue?: number;
  /** Skips steps in which a gradient is not finite. */
  checkFinite?: boolean;
  /** Rounds narrow state to nearest instead of stochastically. */
  nearestSlots?: boolean;
  /** Of stochastic rounding. */
  seed?: number;
}

/**
 * An optimizer of TensorFlow.js with any rule of gradstep. `minimize` and `computeGradients` are those of
 * tf.Optimizer. Its state is in memory of its own, not in tensors, and is kept by the variables' names.
 * Errors are GradstepErrors; what fails has changed nothing.
 */
export class Optimizer extends TfOptimizer {
  /** "Gradstep", under which the class is registered for models that are loaded. */
  static get className(): string;
  static fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T;

  /**
   * name, hyperparameters: of a rule, as gradstep's `Rule` takes them. `rules()` of gradstep tells what
   * there is.
   */
  constructor(
    name: string,
    hyperparameters?: Record<string, number | boolean>,
    options?: OptimizerOptions,
  );

  /** The hyper-parameter lr, from the next step on. */
  learningRate: number;
  setLearningRate(learningRate: number): void;
  /** A hyper-parameter of the rule. */
  get(name: string): number;
  set(name: string, value: number | boolean): void;
  /** What the last applyGradients has done; null: there was none. */
  readonly lastStep: StepResult | null;
  /** The memory of the state. */
  readonly stateBytes: number;

  /**
   * Steps the named variables as one parallel region. A variable without a gradient (null), or one that
   * is not listed, keeps its value. All variables have the step number `iterations` + 1. Each variable
   * gets a new array; tensors that shared the old one keep it.
   */
  applyGradients(variableGradients: NamedTensorMap | NamedTensor[]): void;
  /** Makes a transform of the rule for all variables: "evaluate" and "train" of schedule_free_adamw. */
  transform(name: string): void;

  /**
   * The whole state: "iter", then "<variable>/<array>", in TensorFlow.js' order and with its names where
   * it has the array. The tensors belong to the optimizer, which disposes of them in its next getWeights
   * and in dispose.
   */
  getWeights(): Promise<NamedTensor[]>;
  /**
   * Replaces the whole state by what getWeights gave, or that of TensorFlow.js' optimizer with this rule.
   * Variables get their state by name in the next applyGradients or, if it lists none of the names and as
   * many variables, in the same order.
   */
  setWeights(weightValues: NamedTensor[]): Promise<void>;
  /** The rule, its hyper-parameters and the options, for fromConfig. */
  getConfig(): serialization.ConfigDict;
  /** Frees the state. */
  dispose(): void;
}

/** The constructors of tf.train, with its arguments and defaults. README tells where results differ. */
export const train: {
  sgd(learningRate: number, options?: OptimizerOptions): Optimizer;
  momentum(
    learningRate: number,
    momentum: number,
    useNesterov?: boolean,
    options?: OptimizerOptions,
  ): Optimizer;
  adagrad(
    learningRate: number,
    initialAccumulatorValue?: number,
    options?: OptimizerOptions,
  ): Optimizer;
  adadelta(
    learningRate?: number,
    rho?: number,
    epsilon?: number | null,
    options?: OptimizerOptions,
  ): Optimizer;
  adam(
    learningRate?: number,
    beta1?: number,
    beta2?: number,
    epsilon?: number | null,
    options?: OptimizerOptions,
  ): Optimizer;
  rmsprop(
    learningRate: number,
    decay?: number,
    momentum?: number,
    epsilon?: number | null,
    centered?: boolean,
    options?: OptimizerOptions,
  ): Optimizer;
};

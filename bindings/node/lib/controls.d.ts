// SPDX-License-Identifier: Apache-2.0

export interface LossScalerValues {
  /** The present scale. */
  scale: number;
  /** Multiplies the scale after growthInterval steps in a row; at least 1. */
  growthFactor: number;
  /** Multiplies the scale after a skipped step; between 0 and 1. */
  backoffFactor: number;
  /** In steps. */
  growthInterval: number;
  /** Steps since the last skipped step or growth. */
  stepsInARow: number;
}

/**
 * A dynamic loss scale. Multiply the loss by `scale`. An optimizer that has a scaler does the rest
 * (Optimizer.setLossScaler). With `apply`: step with gradScale = 1 / scale and checkFinite, then call
 * `update`.
 */
export class LossScaler {
  /** What is not given has the library's default, which is PyTorch's. */
  constructor(values?: Partial<LossScalerValues>);
  readonly scale: number;
  /** A copy of all values, from which a scaler that goes on can be made. */
  readonly values: LossScalerValues;
  /** After each step, with the step's isSkipped. */
  update(isSkipped: boolean): void;
}

export interface PlateauValues {
  lr: number;
  /** Multiplies the rate; between 0 and 1. */
  factor: number;
  /** What counts as an improvement: a part of the best metric or, if isAbsolute, an amount. */
  threshold: number;
  /** The rate is never below this. */
  minLr: number;
  /** A reduction by less than this is not made. */
  eps: number;
  /** The best metric so far. */
  best: number;
  /** How many reports without improvement are borne. */
  patience: number;
  /** How many reports after a reduction do not count. */
  cooldown: number;
  badCount: number;
  cooldownLeft: number;
  /** 1: a larger metric is better. */
  maximizes: number;
  /** 1: the threshold is an amount. */
  isAbsolute: number;
}

/** What a Plateau is made of. */
export type PlateauOptions = Partial<
  Omit<PlateauValues, 'lr' | 'maximizes' | 'isAbsolute'> & {
    lr: number;
    maximizes: number | boolean;
    isAbsolute: number | boolean;
  }
>;

/** A learning rate that is lowered when a metric stops improving, as PyTorch's ReduceLROnPlateau. */
export class Plateau {
  /** What is not given has the library's default. Numbers are checked when the plateau is used. */
  constructor(lr: number, values?: PlateauOptions);
  /** The present rate. */
  readonly lr: number;
  /** A copy of all values, from which a plateau that goes on can be made. */
  readonly values: PlateauValues;
  /** Reports a metric; true: the rate was lowered. */
  report(metric: number): boolean;
}

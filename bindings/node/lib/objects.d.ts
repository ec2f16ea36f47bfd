// SPDX-License-Identifier: Apache-2.0
import type { RuleInfo } from './catalogue.js';

export interface ContextOptions {
  /** The most threads that work on a step; 0: one for each CPU of the process. */
  threads?: number;
  isa?: string;
  /** A step of fewer elements than this runs on the calling thread alone. */
  serialBelow?: number;
  /** Steps treat denormal numbers as zero. */
  flushToZero?: boolean;
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
  readonly name: string;
  readonly info: RuleInfo;
  set(name: string, value: number | boolean): this;
  get(name: string): number;
  /** Checks that the hyper-parameters go together; every step does too. */
  check(): void;
  close(): void;
}

/** The learning rate as a function of the step. */
export class Schedule {
  constructor(name: string, values?: Record<string, number | boolean | number[]>);
  /** Copies of schedules, one after the other: each runs for its length in steps, the last one for ever. */
  static sequence(parts: Schedule[], lengths: number[]): Schedule;
  set(name: string, value: number | boolean | number[]): this;
  get(name: string): number;
  check(): void;
  /** The rate at step t, counted from 0. */
  lr(baseLr: number, t: number): number;
  /** The momentum at step t; UNSUPPORTED: the schedule does not drive it. */
  momentum(t: number): number;
  close(): void;
}

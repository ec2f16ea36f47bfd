// SPDX-License-Identifier: Apache-2.0

export interface HyperparameterInfo {
  name: string;
  help: string;
  /** undefined: a value must be set */
  default: number | undefined;
  minimum: number;
  maximum: number;
  kind: 'real' | 'flag' | 'integer' | 'list';
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
  /** The names of the single numbers of its state. */
  scalars: string[];
}

export function rules(): RuleInfo[];
export function rule(name: string): RuleInfo;
export function schedules(): ScheduleInfo[];
export function schedule(name: string): ScheduleInfo;
/** Those that this CPU can run, from the lowest to the highest. */
export function instructionSets(): string[];
/** Of the running library: "0.2.0". */
export function version(): string;

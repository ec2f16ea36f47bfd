// SPDX-License-Identifier: Apache-2.0
export { instructionSets, rule, rules, schedule, schedules, version } from './catalogue.js';
export { GradstepError } from './native.js';
export { Context, Rule, Schedule } from './objects.js';
export { Optimizer, Tensor } from './optimizer.js';

// SPDX-License-Identifier: Apache-2.0
export { apply, transform } from './apply.js';
export { instructionSets, rule, rules, schedule, schedules, version } from './catalogue.js';
export { LossScaler, Plateau } from './controls.js';
export { GradstepError } from './native.js';
export { Context, Rule, Schedule } from './objects.js';
export { Optimizer, Tensor } from './optimizer.js';
export { sharedScalars, State } from './state.js';

// SPDX-License-Identifier: Apache-2.0
export * from './apply.js';
export type { Dtype, StepResult } from './arrays.js';
export * from './catalogue.js';
export * from './controls.js';
export * from './errors.js';
export * from './objects.js';
export * from './optimizer.js';

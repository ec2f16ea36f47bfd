// SPDX-License-Identifier: Apache-2.0
export { Optimizer } from './optimizer.js';
export { train } from './train.js';

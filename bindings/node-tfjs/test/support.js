// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers'; // it registers the gradients of operators
import { GradstepError } from 'gradstep';

/** Expects a GradstepError of this kind, whose message contains these words. */
export function isError(kind, words) {
  return (error) => {
    assert.ok(error instanceof GradstepError, String(error));
    assert.equal(error.kind, kind, error.message);
    assert.ok(error.message.includes(words), error.message);
    return true;
  };
}

/** Numbers between -1 and 1. */
export function numbers(count, seed) {
  return Float32Array.from({ length: count }, (_, i) => (((i + 3) * seed) % 127) / 64 - 1);
}

export function expectClose(found, wanted, tolerance = 1e-6) {
  assert.equal(found.length, wanted.length);
  found.forEach((value, i) => {
    const bound = tolerance * Math.max(1, Math.abs(wanted[i]));
    assert.ok(Math.abs(value - wanted[i]) <= bound, `element ${i}: ${value} for ${wanted[i]}`);
  });
}

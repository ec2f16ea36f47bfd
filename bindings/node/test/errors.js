// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { GradstepError } from '../lib/index.js';

/** Expects a GradstepError of this kind, whose message contains these words. */
export function expectError(kind, words, call) {
  assert.throws(call, (error) => {
    assert.ok(error instanceof GradstepError, String(error));
    assert.equal(error.kind, kind, error.message);
    assert.ok(error.message.includes(words), error.message);
    return true;
  });
}

// SPDX-License-Identifier: Apache-2.0
import { GradstepError, Struct } from './native.js';
import { stepResult } from './options.js';

/** A step that has begun: each tensor is stepped as soon as its gradient is ready. */
export class StepInParts {
  #calls;
  #running = 0;

  constructor(calls) {
    this.#calls = calls;
  }

  step(tensor) {
    this.#calls.step(tensor);
  }

  async stepAsync(tensor) {
    this.#running += 1;
    try {
      await this.#calls.stepLater(tensor);
    } finally {
      this.#running -= 1;
    }
  }

  end() {
    if (this.#running > 0) {
      const message = `${this.#running} tensors are being stepped; await their promises first`;
      throw new GradstepError('WRONG_ORDER', message);
    }
    const result = new Struct('apply_result');
    this.#calls.end(result);
    return stepResult(result);
  }
}

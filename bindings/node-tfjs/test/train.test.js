// SPDX-License-Identifier: Apache-2.0
//
// The constructors of tf.train beside TensorFlow.js' own optimizers.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as tf from '@tensorflow/tfjs-core';

import { train } from '../lib/index.js';
import { expectClose, isError, numbers } from './support.js';

const make = (from, name, args) => from[name](...args);

/** Both optimizers' variables after some steps with the same gradients. */
function both(name, args, { steps = 20, change = () => {} } = {}) {
  return [train, tf.train].map((from) => {
    const optimizer = make(from, name, args);
    const variables = [
      tf.variable(tf.tensor(numbers(12, 5), [3, 4])),
      tf.variable(tf.tensor(numbers(7, 3))),
    ];
    for (let step = 1; step <= steps; step += 1) {
      change(optimizer, step);
      optimizer.applyGradients(
        variables.map((variable, i) => ({
          name: variable.name,
          tensor: tf.tensor(numbers(variable.size, step + 10 * i), variable.shape),
        })),
      );
    }
    const values = variables.flatMap((variable) => Array.from(variable.dataSync()));
    optimizer.dispose();
    tf.dispose(variables);
    return values;
  });
}

const same = {
  sgd: [[0.1]],
  momentum: [
    [0.1, 0.9],
    [0.1, 0.9, true],
    [0.1, 0, true],
  ],
  adagrad: [[0.1], [0.1, 0.5]],
  adam: [[], [0.1, 0.8, 0.9], [0.1, 0.8, 0.9, 0.01]],
  rmsprop: [[0.1], [0.1, 0.95, 0.5], [0.1, 0.95, 0, 0.01]],
};

test('results are those of TensorFlow.js', () => {
  for (const [name, calls] of Object.entries(same)) {
    for (const args of calls) {
      const [ours, theirs] = both(name, args);
      expectClose(ours, theirs, 1e-5);
      assert.notDeepEqual(ours.slice(0, 12), Array.from(numbers(12, 5)));
    }
  }
});

test('a learning rate that is set holds from the next step on', () => {
  const change = (optimizer, step) => {
    if (step !== 10) return;
    optimizer.learningRate = 0.3;
  };
  const [ours, theirs] = both('adam', [0.1], { change });
  expectClose(ours, theirs, 1e-4);
  const [unchanged] = both('adam', [0.1]);
  assert.ok(Math.abs(unchanged[0] - ours[0]) > 0.1);
});

test('the differences that README tells', () => {
  // adadelta divides by the average that contains the present gradient.
  const x = tf.variable(tf.scalar(1));
  const adadelta = train.adadelta(0.1, 0.95, 1e-7);
  adadelta.applyGradients({ [x.name]: tf.scalar(2) });
  expectClose(x.dataSync(), [1 - ((0.1 * Math.sqrt(1e-7)) / Math.sqrt(0.2 + 1e-7)) * 2]);
  // rmsprop: centered adds epsilon to the variance; TensorFlow.js subtracts it.
  const y = tf.variable(tf.scalar(1));
  train.rmsprop(0.1, 0.5, 0, 0.125, true).applyGradients({ [y.name]: tf.scalar(1) });
  expectClose(y.dataSync(), [1 - 0.1 / Math.sqrt(0.5 - 0.25 + 0.125)]);
  assert.throws(() => train.rmsprop(), isError('OUT_OF_RANGE', 'lr'));
  assert.equal(train.adamax, undefined);
});

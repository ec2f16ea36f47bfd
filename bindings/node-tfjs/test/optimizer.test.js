// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as tf from '@tensorflow/tfjs-core';
import { Context, rules } from 'gradstep';

import { Optimizer, train } from '../lib/index.js';
import { expectClose, isError, numbers } from './support.js';

test('every rule minimizes a loss, without tensors left behind', async () => {
  for (const { name } of rules()) {
    const optimizer = new Optimizer(name);
    if (name !== 'prodigy') optimizer.setLearningRate(0.01);
    const w = tf.variable(tf.tensor(numbers(60, 5), [3, 4, 5]));
    const b = tf.variable(tf.scalar(0.5));
    const before = tf.memory();
    const loss = () => tf.add(tf.sum(tf.square(w)), tf.square(b));
    const [first] = optimizer.minimize(loss, true).dataSync();
    for (let step = 0; step < 20; step += 1) {
      assert.equal(optimizer.minimize(loss, false, [w, b]), null);
    }
    const cost = optimizer.minimize(loss, true);
    assert.ok(cost.dataSync()[0] < first, `${name}: ${cost.dataSync()[0]} for ${first}`);
    cost.dispose();
    assert.equal(optimizer.iterations, 22);
    assert.equal(tf.memory().numTensors, before.numTensors + 1); // the first cost
    assert.equal(tf.memory().numBytes, before.numBytes + 4);
    await optimizer.getWeights();
    await optimizer.getWeights();
    optimizer.dispose();
    assert.equal(tf.memory().numTensors, before.numTensors + 1);
    tf.disposeVariables();
  }
});

test('tensors that share a variable’s array keep it', () => {
  const x = tf.variable(tf.tensor1d([1, 2]));
  const shared = x.clone();
  const held = x.dataSync();
  const gradient = tf.tensor1d([1, 1]);
  const optimizer = train.sgd(0.5);
  optimizer.applyGradients([{ name: x.name, tensor: gradient }]);
  assert.deepEqual(Array.from(x.dataSync()), [0.5, 1.5]);
  assert.deepEqual(Array.from(shared.dataSync()), [1, 2]);
  assert.deepEqual(Array.from(held), [1, 2]);
  assert.deepEqual(Array.from(gradient.dataSync()), [1, 1]);
});

test('variables without gradient, and unlisted ones, stay', () => {
  const [x, y, z] = [1, 2, 3].map((value) => tf.variable(tf.scalar(value)));
  const whole = tf.variable(tf.scalar(7, 'int32'));
  const optimizer = train.adam(0.5);
  const grads = { [x.name]: tf.scalar(1), [y.name]: null, [whole.name]: null };
  optimizer.applyGradients(grads);
  optimizer.applyGradients([{ name: z.name, tensor: tf.scalar(1) }]);
  expectClose(x.dataSync(), [0.5], 1e-5);
  assert.equal(y.dataSync()[0], 2);
  // z has step number 2, as in TensorFlow.js.
  const theirs = tf.variable(tf.scalar(3));
  const tfAdam = tf.train.adam(0.5);
  tfAdam.applyGradients({});
  tfAdam.applyGradients({ [theirs.name]: tf.scalar(1) });
  expectClose(z.dataSync(), theirs.dataSync(), 1e-5);
  assert.equal(optimizer.lastStep.isSkipped, false);
});

test('options: clipping, skipped steps, narrow state, threads', () => {
  const x = tf.variable(tf.tensor(numbers(8192, 5), [64, 128]));
  const start = Array.from(x.dataSync());
  const gradient = tf.tensor(numbers(8192, 3), [64, 128]);
  const clipped = new Optimizer('sgd', { lr: 1 }, { maxNorm: 1, checkFinite: true });
  clipped.applyGradients({ [x.name]: gradient });
  const norm = clipped.lastStep.gradNorm;
  const expected = gradient.dataSync().map((g, i) => start[i] - g / norm);
  expectClose(x.dataSync(), expected, 1e-5);
  clipped.applyGradients({ [x.name]: tf.fill([64, 128], NaN) });
  assert.ok(clipped.lastStep.isSkipped);
  assert.equal(clipped.iterations, 1);
  expectClose(x.dataSync(), expected, 1e-5);
  const context = new Context({ threads: 1 });
  const bytes = [undefined, 'bfloat16', '8bit'].map((slotDtype) => {
    const optimizer = new Optimizer('adam', {}, { slotDtype, context });
    optimizer.applyGradients({ [x.name]: gradient });
    return optimizer.stateBytes / 8192;
  });
  assert.deepEqual(bytes, [8, 4, 2 + 8 / 256]);
  const rowsAndColumns = new Optimizer('adafactor');
  rowsAndColumns.applyGradients({ [x.name]: gradient });
  assert.equal(rowsAndColumns.stateBytes, 4 * (64 + 128));
});

test('a transform gives the params to evaluate with, and back', () => {
  const x = tf.variable(tf.tensor1d([1, 2]));
  const optimizer = new Optimizer('schedule_free_adamw', { lr: 0.1 });
  const loss = () => tf.sum(tf.square(x));
  for (let step = 0; step < 5; step += 1) optimizer.minimize(loss);
  const trained = Array.from(x.dataSync());
  optimizer.transform('evaluate');
  assert.ok(Math.abs(x.dataSync()[0] - trained[0]) > 1e-3);
  assert.throws(() => optimizer.minimize(loss), isError('WRONG_ORDER', 'evaluate'));
  optimizer.transform('train');
  expectClose(x.dataSync(), trained);
});

test('wrong arguments are errors that change nothing', () => {
  const x = tf.variable(tf.tensor1d([1, 2]));
  const optimizer = train.adam();
  const expect = (kind, words, gradients) =>
    assert.throws(() => optimizer.applyGradients(gradients), isError(kind, words));
  const good = tf.tensor1d([1, 1]);
  expect('INVALID_ARGUMENT', 'shape [3]', { [x.name]: tf.tensor1d([1, 2, 3]) });
  expect('INVALID_ARGUMENT', 'shape [2,1]', { [x.name]: tf.tensor2d([1, 2], [2, 1]) });
  expect('INVALID_ARGUMENT', 'int32', { [x.name]: tf.tensor1d([1, 2], 'int32') });
  expect('INVALID_ARGUMENT', 'no variable nobody', { [x.name]: good, nobody: good });
  expect('INVALID_ARGUMENT', 'twice', [
    { name: x.name, tensor: good },
    { name: x.name, tensor: good },
  ]);
  const whole = tf.variable(tf.scalar(7, 'int32'));
  expect('INVALID_ARGUMENT', 'int32', { [whole.name]: tf.scalar(1) });
  assert.deepEqual(Array.from(x.dataSync()), [1, 2]);
  assert.equal(optimizer.iterations, 0);
  assert.throws(() => new Optimizer('adamm'), isError('UNKNOWN_NAME', 'adam'));
  assert.throws(() => new Optimizer('adam', { lr: -1 }), isError('OUT_OF_RANGE', 'lr'));
  assert.throws(() => new Optimizer('sgd', { nesterov: true }), isError('INVALID_ARGUMENT', ''));
  assert.throws(() => train.sgd(1, { maxnorm: 1 }), isError('INVALID_ARGUMENT', 'maxNorm'));
  assert.throws(() => train.sgd(1, { maxNorm: -1 }), isError('OUT_OF_RANGE', 'max_norm'));
  assert.throws(
    () => train.sgd(1, { slotDtype: 'int4' }),
    isError('INVALID_ARGUMENT', 'slotDtype'),
  );
  assert.throws(() => optimizer.setLearningRate(NaN), isError('OUT_OF_RANGE', 'lr'));
  optimizer.set('beta1', 0.5);
  assert.equal(optimizer.get('beta1'), 0.5);
  optimizer.dispose();
  optimizer.dispose();
  expect('CLOSED', 'rule', { [x.name]: good });
});

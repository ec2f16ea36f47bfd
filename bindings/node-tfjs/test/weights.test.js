// SPDX-License-Identifier: Apache-2.0
//
// Saving and resuming.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { rules } from 'gradstep';

import { Optimizer, train } from '../lib/index.js';
import { expectClose, isError, numbers } from './support.js';

function makeVariables(names = [undefined, undefined]) {
  return [
    tf.variable(tf.tensor(numbers(6000, 5), [60, 100]), true, names[0]),
    tf.variable(tf.tensor(numbers(7, 3)), true, names[1]),
  ];
}

function trainOn(optimizer, variables, from, to) {
  for (let step = from; step < to; step += 1) {
    const gradients = variables.map((variable, i) => ({
      name: variable.name,
      tensor: tf.tensor(numbers(variable.size, step + 7 * i + 1), variable.shape),
    }));
    optimizer.applyGradients(gradients);
  }
  return variables.flatMap((variable) => Array.from(variable.dataSync()));
}

/** The weights as they come from a file. */
async function stored(weights) {
  const { data, specs } = await tf.io.encodeWeights(weights);
  const named = tf.io.decodeWeights(data, specs);
  return weights.map(({ name }) => ({ name, tensor: named[name] }));
}

test('a resumed run has the bits of one that was not interrupted', async () => {
  for (const { name } of rules()) {
    for (const slotDtype of [undefined, 'bfloat16', '8bit']) {
      const make = () => new Optimizer(name, {}, { slotDtype, nearestSlots: true });
      const variables = makeVariables();
      const whole = trainOn(make(), variables, 0, 8);
      const again = makeVariables();
      const first = make();
      trainOn(first, again, 0, 4);
      const second = make();
      await second.setWeights(await stored(await first.getWeights()));
      assert.equal(second.iterations, 4);
      const third = make();
      await third.setWeights(await second.getWeights()); // before its variables have come
      assert.deepEqual(trainOn(third, again, 4, 8), whole, `${name} ${slotDtype}`);
      tf.disposeVariables();
    }
  }
});

test('names and order are those of TensorFlow.js, whose state can be resumed', async () => {
  const calls = {
    momentum: [0.1, 0.9],
    adagrad: [0.1],
    adam: [0.1],
    rmsprop: [0.1, 0.95, 0.5],
    sgd: [0.1],
  };
  for (const [name, args] of Object.entries(calls)) {
    const theirs = makeVariables();
    const tfOptimizer = tf.train[name](...args);
    trainOn(tfOptimizer, theirs, 0, 4);
    const weights = await tfOptimizer.getWeights();
    const ours = theirs.map((variable) => tf.variable(variable.clone()));
    const optimizer = train[name](...args);
    await optimizer.setWeights(weights); // other names, so in the same order
    const expected = trainOn(tfOptimizer, theirs, 4, 8);
    expectClose(trainOn(optimizer, ours, 4, 8), expected, 1e-5);
    if (name === 'rmsprop') continue; // our momentum is another: README
    const order = (all, of) => all.map((each) => each.name.replace(of[0].name, '0'));
    const back = await optimizer.getWeights();
    const found = order(back, ours).map((each) => each.replace(ours[1].name, '1'));
    const wanted = order(await tfOptimizer.getWeights(), theirs);
    assert.deepEqual(
      found,
      wanted.map((each) => each.replace(theirs[1].name, '1')),
    );
    const tfAgain = tf.train[name](...args);
    await tfAgain.setWeights(back);
    expectClose(trainOn(tfAgain, ours, 8, 10), trainOn(tfOptimizer, theirs, 8, 10), 1e-5);
    tf.disposeVariables();
  }
});

test('variables get their state by name', async () => {
  const optimizer = train.momentum(0.1, 0.9);
  const [w, b] = makeVariables(['w', 'b']);
  trainOn(optimizer, [w, b], 0, 3);
  const weights = await optimizer.getWeights();
  const other = train.momentum(0.1, 0.9);
  await other.setWeights(weights);
  trainOn(other, [b], 3, 4); // the other order, one after the other
  trainOn(other, [w], 4, 5);
  const named = Object.fromEntries((await other.getWeights()).map((each) => [each.name, each]));
  assert.deepEqual(Object.keys(named), ['iter', 'b/momentum', 'w/momentum']);
  assert.deepEqual(named['w/momentum'].tensor.shape, [60, 100]);
  tf.disposeVariables();
});

test('weights that do not fit are errors that change nothing', async () => {
  const optimizer = train.adam(0.1);
  const variables = makeVariables(['w', 'b']);
  trainOn(optimizer, variables, 0, 2);
  const weights = await optimizer.getWeights();
  const copies = weights.map(({ name, tensor }) => ({ name, tensor: tensor.clone() }));
  const rejects = (given, words) =>
    assert.rejects(optimizer.setWeights(given), isError('INVALID_ARGUMENT', words));
  await rejects(copies.slice(1), 'must be iter');
  await rejects([copies[0], { name: 'w/accumulator', tensor: tf.scalar(1) }], 'no state of adam');
  assert.equal(optimizer.iterations, 2);
  const expect = async (given, words, listed = variables) => {
    const other = train.adam(0.1);
    await other.setWeights(given);
    const before = listed.map((variable) => Array.from(variable.dataSync()));
    const call = () => trainOn(other, listed, 2, 3);
    assert.throws(call, isError('INVALID_ARGUMENT', words));
    assert.deepEqual(
      listed.map((variable) => Array.from(variable.dataSync())),
      before,
    );
    assert.equal(other.iterations, 2);
  };
  await expect(copies.slice(0, 4), 'exp_avg_sq of b is missing');
  await expect([copies[0], { name: 'w/m', tensor: tf.scalar(1) }], 'exp_avg of w', [variables[0]]);
  await expect(copies, 'state is that of w, b', makeVariables().concat(makeVariables()));
  await expect(copies, 'the variables are w, ', [variables[0], makeVariables()[1]]);
  const nadam = new Optimizer('nadam');
  await nadam.setWeights(copies.map((each) => ({ ...each, name: named(each.name) })));
  assert.throws(() => trainOn(nadam, variables, 0, 1), isError('INVALID_ARGUMENT', 'scalars'));
  tf.disposeVariables();
});

const named = (name) => name.replace('/m', '/exp_avg').replace('/v', '/exp_avg_sq');

test('the config makes an equal optimizer, also as a file has it', () => {
  for (const optimizer of [
    train.rmsprop(0.1, 0.5, 0.1, 1e-3, true),
    new Optimizer('adamw', { lr: 0.2, weight_decay: 0.3 }, { slotDtype: '8bit', maxNorm: 2 }),
  ]) {
    const config = optimizer.getConfig();
    const text = JSON.parse(JSON.stringify(config));
    const equal = Optimizer.fromConfig(Optimizer, text);
    assert.deepEqual(equal.getConfig(), config);
  }
  assert.equal(train.sgd(0.1).getClassName(), 'Gradstep');
});

test('a model of layers is trained, saved, loaded and trained on', async () => {
  const makeModel = () =>
    layers.sequential({
      layers: [
        layers.layers.dense({ units: 4, inputShape: [3], activation: 'tanh', name: 'hidden' }),
        layers.layers.dense({ units: 1, name: 'output' }),
      ],
    });
  const [x, y] = [tf.tensor(numbers(30, 5), [10, 3]), tf.tensor(numbers(10, 3), [10, 1])];
  const fit = (model) => model.fit(x, y, { epochs: 3, shuffle: false });
  const compile = (model, optimizer) => model.compile({ optimizer, loss: 'meanSquaredError' });
  const options = { slotDtype: 'bfloat16', nearestSlots: true };
  const model = makeModel();
  compile(model, new Optimizer('nadam', { lr: 0.01, momentum_decay: 0.01 }, options));
  await fit(model);
  let file;
  const keep = tf.io.withSaveHandler((artifacts) => {
    file = structuredClone(artifacts);
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
  });
  await model.save(keep, { includeOptimizer: true });
  const loaded = await layers.loadLayersModel(tf.io.fromMemory(file));
  assert.ok(loaded.optimizer instanceof Optimizer);
  assert.deepEqual(loaded.optimizer.getConfig(), model.optimizer.getConfig());
  await fit(model);
  await fit(loaded);
  assert.equal(loaded.optimizer.iterations, 6);
  const values = (of) => of.getWeights().map((weight) => Array.from(weight.dataSync()));
  assert.deepEqual(values(loaded), values(model));
});

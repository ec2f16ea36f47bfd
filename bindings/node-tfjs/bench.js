// SPDX-License-Identifier: Apache-2.0
//
// node bench.js MODEL THREADS: TensorFlow.js' Adam on its CPU backend beside gradstep's, whole steps
// without the gradients' computation. MODEL: small (100 tensors of 4096 elements), medium (8 of 2^20) or
// large (1 of 2^26). THREADS: 1 or 2; TensorFlow.js has one.
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { Context } from 'gradstep';

import { train } from './lib/index.js';

const models = {
  small: { tensors: 100, count: 4096, repetitions: 15 },
  medium: { tensors: 8, count: 2 ** 20, repetitions: 7 },
  large: { tensors: 1, count: 2 ** 26, repetitions: 3 },
};
const shortest = 20; // milliseconds of a repetition

const [name, threadText] = process.argv.slice(2);
const threads = Number(threadText);
if (!Object.hasOwn(models, name) || ![1, 2].includes(threads)) {
  console.error('usage: node bench.js small|medium|large 1|2');
  process.exit(2);
}
const model = models[name];
const context = new Context({ threads });

function numbers(count, seed) {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i += 1) values[i] = (((i + 1) * seed) % 1021) / 512 - 1;
  return values;
}

const gradients = Array.from({ length: model.tensors }, (_, k) =>
  tf.tensor1d(numbers(model.count, k + 3)),
);

/** An optimizer, its variables, and their gradients by name. */
function makeRun(optimizer) {
  const variables = Array.from({ length: model.tensors }, (_, k) =>
    tf.variable(tf.tensor1d(numbers(model.count, k + 7))),
  );
  const named = Object.fromEntries(variables.map((variable, k) => [variable.name, gradients[k]]));
  return { variables, step: () => optimizer.applyGradients(named), times: [] };
}

/** The time of one step in milliseconds: the mean over `steps` steps. */
function time(run, steps) {
  const start = performance.now();
  for (let i = 0; i < steps; i += 1) run.step();
  return (performance.now() - start) / steps;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

function stateBytes(slotDtype) {
  const [variable] = makeRun(train.sgd(0)).variables;
  const optimizer = train.adam(undefined, undefined, undefined, undefined, { slotDtype, context });
  optimizer.applyGradients({ [variable.name]: gradients[0] });
  return (optimizer.stateBytes / variable.size).toFixed(2);
}

function expectEqual(ours, theirs) {
  ours.variables.forEach((variable, k) => {
    const [found, wanted] = [variable.dataSync(), theirs.variables[k].dataSync()];
    for (let i = 0; i < found.length; i += 1) {
      if (Math.abs(found[i] - wanted[i]) <= 1e-3 * Math.max(Math.abs(wanted[i]), 1e-2)) continue;
      throw new Error(`variable ${k}, element ${i}: ${found[i]} for ${wanted[i]}`);
    }
  });
}

const theirs = makeRun(tf.train.adam());
const ours = makeRun(train.adam(undefined, undefined, undefined, undefined, { context }));
const before = tf.memory().numBytes;
const warmUps = [theirs, ours].map((run) => time(run, 1));
const engineBytes = (tf.memory().numBytes - before) / (model.tensors * model.count);
// As many steps of both, so that the params stay comparable.
const steps = Math.max(1, Math.ceil(shortest / Math.min(...warmUps)));
for (let repetition = 0; repetition < model.repetitions; repetition += 1) {
  for (const run of [theirs, ours]) run.times.push(time(run, steps));
}
expectEqual(ours, theirs);
const [engine, own] = [theirs, ours].map(({ times }) => median(times));
console.log(
  `tfjs ${name} ${threads} threads: engine ${engine.toFixed(3)} ms, gradstep ${own.toFixed(3)} ms, ` +
    `ratio ${(engine / own).toFixed(2)}`,
);
console.log(
  `state in bytes per parameter: engine ${engineBytes.toFixed(2)}, gradstep float32 ` +
    `${stateBytes('float32')}, bfloat16 ${stateBytes('bfloat16')}, 8bit ${stateBytes('8bit')}`,
);

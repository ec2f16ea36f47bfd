// SPDX-License-Identifier: Apache-2.0
//
// The state of variables as named tensors: "<variable>/<array>", with TensorFlow.js' names where it has
// the array.
import { tensor } from '@tensorflow/tfjs-core';

import { invalid } from './errors.js';

const namesOfTfjs = {
  sgd: { momentum_buffer: 'momentum' },
  adagrad: { sum: 'accumulator' },
  adadelta: { square_avg: 'accum_grad', acc_delta: 'accum_var' },
  rmsprop: { square_avg: 'rms', grad_avg: 'mg' },
  adam: { exp_avg: 'm', exp_avg_sq: 'v' },
};

const nameOf = (rule, slot) => namesOfTfjs[rule.name]?.[slot] ?? slot;

// Doubles are kept as the words of their bits: a float32 would not hold them.
const toWords = (doubles) => new Int32Array(Float64Array.from(doubles).buffer);
const fromWords = (words) => new Float64Array(Int32Array.from(words).buffer);

/** What a state holds, apart from the object: arrays by slot, and scalars. */
export function readState(state, shape) {
  const slots = state.slots.map((slot) => {
    const values = Float32Array.from(state.read(slot));
    return [slot, { values, shape: values.length === state.count ? shape : [values.length] }];
  });
  return { slots: new Map(slots), scalars: Float64Array.from(state.scalars) };
}

/** Fills a new state with what was read. */
export function writeState(state, { slots, scalars }, variable) {
  for (const slot of state.slots) {
    const array = slots.get(slot);
    const count = state.read(slot).length;
    if (array?.values.length !== count) {
      const found = array === undefined ? 'is missing' : `has ${array.values.length} elements`;
      throw invalid(`the ${slot} of ${variable.name} ${found}; it needs ${count}`);
    }
    state.write(slot, array.values);
  }
  if (scalars.length !== state.scalars.length) {
    const count = state.scalars.length;
    throw invalid(`${variable.name} has ${scalars.length} scalars; it needs ${count}`);
  }
  state.scalars.set(scalars);
}

/** As named tensors: array by array, and in each the variables in their order. */
export function toTensors(rule, states, shared) {
  const named = [];
  for (const slot of rule.info.slots) {
    for (const [name, { slots }] of states) {
      const array = slots.get(slot);
      if (array === undefined) continue;
      const values = tensor(array.values, array.shape, 'float32');
      named.push({ name: `${name}/${nameOf(rule, slot)}`, tensor: values });
    }
  }
  for (const [name, { scalars }] of states) {
    if (scalars.length === 0) continue;
    named.push({ name: `${name}/scalars`, tensor: tensor(toWords(scalars), undefined, 'int32') });
  }
  if (shared.length > 0) {
    named.push({ name: 'scalars', tensor: tensor(toWords(shared), undefined, 'int32') });
  }
  return named;
}

function slotOf(rule, name) {
  const known = rule.info.slots.map((slot) => nameOf(rule, slot));
  const index = known.indexOf(name);
  return index < 0 ? rule.info.slots.find((slot) => slot === name) : rule.info.slots[index];
}

/** The momentum of TensorFlow.js' rmsprop, which has been multiplied by the learning rate. */
function withoutRate(rule, name, numbers, shape) {
  const lr = rule.get('lr');
  if (lr === 0) throw invalid(`${name} was multiplied by a learning rate; the present one is 0`);
  return { values: Float32Array.from(numbers, (number) => number / lr), shape };
}

/** The states of variables, by name and in the order of the tensors; and the scalars that they share. */
export async function fromTensors(rule, weights) {
  const states = new Map();
  let shared = null;
  for (const { name, tensor: values } of weights) {
    const numbers = await values.data();
    if (name === 'scalars') {
      shared = fromWords(numbers);
      continue;
    }
    const end = name.lastIndexOf('/');
    const [variable, array] = [name.slice(0, end), name.slice(end + 1)];
    if (!states.has(variable)) {
      states.set(variable, { slots: new Map(), scalars: new Float64Array(0) });
    }
    const state = states.get(variable);
    const slot = slotOf(rule, array);
    if (array === 'scalars') {
      state.scalars = fromWords(numbers);
    } else if (slot !== undefined) {
      state.slots.set(slot, { values: Float32Array.from(numbers), shape: values.shape });
    } else if (rule.name === 'rmsprop' && array === 'momentum') {
      if (rule.get('momentum') === 0) continue;
      state.slots.set('momentum_buffer', withoutRate(rule, name, numbers, values.shape));
    } else {
      const known = rule.info.slots.map((each) => nameOf(rule, each)).join(', ');
      throw invalid(`${name} is no state of ${rule.name}, whose arrays are ${known}`);
    }
  }
  return { states, shared };
}

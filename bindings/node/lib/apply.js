// SPDX-License-Identifier: Apache-2.0
//
// Steps without an optimizer: the caller owns all arrays and counts the steps.
import { averageDtype, dtypeOf, dtypeOfArray, elementCount } from './arrays.js';
import { call, invalid, Struct, StructList, textBytes } from './native.js';
import { Context } from './objects.js';
import { applyOptions, checkNames, stepResult } from './options.js';
import { State } from './state.js';

const ofATensor = ['param', 'grad', 'state', 'gradDtype', 'copy', 'copyDtype', 'average', 'key'];

/** What a caller gives for one tensor: read once, since a getter might answer otherwise later. */
function readTensor(given) {
  checkNames('a tensor', given, ofATensor);
  const tensor = { ...given };
  if (!(tensor.state instanceof State)) {
    throw invalid(`state is ${String(tensor.state)}; it must be a State`);
  }
  return tensor;
}

/** The arrays of a tensor as [name, array, code of its dtype]. */
function arraysOf({ state, param, grad, gradDtype, copy, copyDtype, average }) {
  const { dtype } = state;
  const sameKind = (array) => (array instanceof Uint16Array ? dtype : undefined);
  const named = [['param', param, dtype]];
  if (grad !== undefined) named.push(['grad', grad, gradDtype ?? sameKind(grad)]);
  if (copy !== undefined) named.push(['copy', copy, copyDtype]);
  if (average !== undefined) named.push(['average', average, averageDtype(dtype)]);
  return named.map(([name, array, given]) => {
    const [code] = dtypeOf(name, dtypeOfArray(name, array, given));
    return [name, array, code];
  });
}

/** The structs of the tensors. Nothing of the caller's runs between this and the call. */
function tensorStructs(rule, tensors) {
  const list = new StructList('tensor', tensors.length);
  const states = new Set();
  tensors.forEach(({ tensor, arrays }, index) => {
    const { state, key = 0 } = tensor;
    if (states.has(state)) throw invalid('a state is in two tensors; each tensor needs its own');
    states.add(state);
    state.check(rule);
    state.fill(list.items[index]);
    list.items[index].set('key', key);
    for (const [name, array, code] of arrays) {
      const count = elementCount(name, array);
      if (count !== state.count) {
        throw invalid(`${name} has ${count} elements, and the state was made for ${state.count}`);
      }
      list.items[index].setArray(name, array, code);
    }
  });
  return list;
}

function readTensors(given) {
  return Array.from(given, (each) => {
    const tensor = readTensor(each);
    return { tensor, arrays: arraysOf(tensor) };
  });
}

export function apply(rule, tensors, options) {
  const raw = applyOptions(options);
  const { shared = new Float64Array(0), context = Context.shared } = options;
  dtypeOfArray('shared', shared, 'float64');
  const given = readTensors(tensors);
  const missing = given.findIndex(({ tensor }) => tensor.grad === undefined);
  if (missing >= 0) throw invalid(`tensors[${missing}].grad is missing; every tensor has one`);
  const list = tensorStructs(rule, given);
  const sharedCount = elementCount('shared', shared);
  if (sharedCount > 0) raw.set('scalars', shared);
  raw.set('scalar_count', sharedCount);
  const result = new Struct('apply_result');
  const of = [context.handle.address, rule.handle.address];
  call('apply', ...of, list, list.items.length, raw, result);
  return stepResult(result);
}

export function transform(rule, tensors, name, { context = Context.shared } = {}) {
  const text = textBytes('name', name);
  const list = tensorStructs(rule, readTensors(tensors));
  call('transform', context.handle.address, rule.handle.address, list, list.items.length, text);
}

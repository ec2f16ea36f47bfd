// SPDX-License-Identifier: Apache-2.0
//
// Steps without an optimizer.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  apply,
  Context,
  Optimizer,
  Rule,
  rules,
  sharedScalars,
  State,
  transform,
} from '../lib/index.js';
import { expectError } from './errors.js';

const [rows, columns] = [64, 80];
const numbers = (seed) =>
  Float32Array.from({ length: rows * columns }, (_, i) => (((i + 1) * seed) % 127) / 64 - 1);

function sgd(lr = 1) {
  return new Rule('sgd', { lr });
}

function makeStep(param, grad, options = {}) {
  const rule = sgd();
  const state = new State(rule, param);
  return apply(rule, [{ param, grad, state }], { step: 1, ...options });
}

test('every rule gives the bits of an optimizer', () => {
  for (const { name } of rules()) {
    for (const slotDtype of [undefined, 'bfloat16', '8bit']) {
      const rule = new Rule(name);
      const optimizer = new Optimizer({ nearestSlots: true, maxNorm: 1 });
      const group = optimizer.addGroup('all', rule, { slotDtype });
      const tensors = [3, 5].map((seed) => {
        const param = numbers(seed);
        const same = optimizer.add(group, `w${seed}`, param, { rows, columns });
        const state = new State(rule, param, { rows, columns, slotDtype });
        return { param, grad: new Float32Array(param.length), state, same };
      });
      const shared = sharedScalars(rule);
      for (let step = 1; step <= 4; step += 1) {
        tensors.forEach(({ grad, same }, i) => {
          grad.set(numbers(step + 10 * i));
          same.grad.set(grad);
        });
        const given = tensors.map(({ param, grad, state }) => ({ param, grad, state }));
        const result = apply(rule, given, { step, shared, maxNorm: 1, nearestSlots: true });
        assert.equal(result.gradNorm, optimizer.step().gradNorm);
      }
      let stateBytes = 0;
      for (const { param, state, same } of tensors) {
        assert.deepEqual(param, Float32Array.from(same.param), `${name} ${slotDtype}`);
        assert.notDeepEqual(param, numbers(3));
        for (const slot of state.slots) {
          assert.deepEqual(state.read(slot), optimizer.read(same, slot), `${name} ${slot}`);
        }
        stateBytes += state.bytes;
      }
      assert.equal(stateBytes, optimizer.info.stateBytes, `${name} ${slotDtype}`);
      optimizer.close();
    }
  }
});

test('options and other dtypes', () => {
  const param = Float64Array.of(1, 2);
  const grad = Float32Array.of(3, 4);
  const rule = sgd();
  const state = new State(rule, param);
  const average = new Float64Array(2);
  const copy = new Uint16Array(2);
  const tensor = { param, grad, state, average, copy, copyDtype: 'bfloat16' };
  const options = { maxNorm: 1, gradScale: 2, zeroGrad: true, averageDecay: 0.5 };
  const result = apply(rule, [tensor], { step: 1, ...options });
  assert.equal(result.gradNorm, 10);
  assert.ok(Math.abs(param[0] - 0.4) < 1e-6 && Math.abs(param[1] - 1.2) < 1e-6, String(param));
  assert.deepEqual(average, param);
  assert.deepEqual(grad, Float32Array.of(0, 0));
  assert.equal(copy[0], 0x3ecd); // 0.4
  const half = Uint16Array.of(0x3f80, 0x4000); // 1 and 2 in bfloat16
  const narrow = new State(rule, half, { dtype: 'bfloat16' });
  apply(rule, [{ param: half, grad: Uint16Array.of(0x3f80, 0), state: narrow }], { step: 1 });
  assert.deepEqual(half, Uint16Array.of(0, 0x4000));
});

test('a step with a gradient that is not finite is skipped', () => {
  const param = Float32Array.of(1, 2);
  const result = makeStep(param, Float32Array.of(Infinity, 1), { checkFinite: true });
  assert.ok(result.isSkipped);
  assert.equal(result.nonFiniteCount, 1);
  assert.deepEqual(param, Float32Array.of(1, 2));
});

test('transforms lead to the evaluated params and back', () => {
  const rule = new Rule('schedule_free_adamw', { lr: 0.1 });
  const param = Float64Array.of(1, 2);
  const state = new State(rule, param);
  for (let step = 1; step <= 3; step += 1) {
    apply(rule, [{ param, grad: Float64Array.from(param), state }], { step });
  }
  const trained = Float64Array.from(param);
  transform(rule, [{ param, state }], 'evaluate');
  assert.notDeepEqual(param, trained);
  expectError('WRONG_ORDER', 'evaluate', () =>
    apply(rule, [{ param, grad: trained, state }], { step: 4 }),
  );
  transform(rule, [{ param, state }], 'train');
  param.forEach((p, i) => assert.ok(Math.abs(p - trained[i]) < 1e-12));
  expectError('UNKNOWN_NAME', 'average', () => transform(rule, [{ param, state }], 'average'));
});

test('arrays that were transferred or have shrunk are errors', () => {
  const grad = Float32Array.of(1, 1);
  const rule = sgd();
  const param = Float32Array.of(1, 2);
  const state = new State(rule, param);
  structuredClone(param, { transfer: [param.buffer] });
  expectError('INVALID_ARGUMENT', 'param has 0 elements', () =>
    apply(rule, [{ param, grad, state }], { step: 1 }),
  );
  const buffer = new ArrayBuffer(16, { maxByteLength: 64 });
  const resizable = new Float32Array(buffer, 8, 2);
  resizable.set([1, 2]);
  apply(rule, [{ param: resizable, grad, state }], { step: 1 });
  assert.deepEqual(Array.from(resizable), [0, 1]);
  buffer.resize(8);
  expectError('INVALID_ARGUMENT', 'param has 0 elements', () =>
    apply(rule, [{ param: resizable, grad, state }], { step: 1 }),
  );
  const growing = new Float32Array(buffer); // its length follows the buffer's
  apply(rule, [{ param: growing, grad, state }], { step: 1 });
  buffer.resize(16);
  expectError('INVALID_ARGUMENT', 'param has 4 elements', () =>
    apply(rule, [{ param: growing, grad, state }], { step: 1 }),
  );
  const shared = new Float32Array(new SharedArrayBuffer(8)).fill(5);
  apply(rule, [{ param: shared, grad, state }], { step: 1 });
  assert.deepEqual(Array.from(shared), [4, 4]);
});

test("a state's memory cannot be transferred", () => {
  const { scalars } = new State(new Rule('nadam'), Float32Array.of(1));
  assert.equal(scalars.length, 1);
  assert.throws(() => structuredClone(scalars, { transfer: [scalars.buffer] }));
});

test('what the caller says of an array does not matter', () => {
  class Longer extends Float32Array {
    get length() {
      return 4096;
    }
  }
  const rule = sgd();
  const state = new State(rule, new Float32Array(4096));
  const grad = new Float32Array(4096);
  expectError('INVALID_ARGUMENT', 'param has 2 elements', () =>
    apply(rule, [{ param: new Longer(2), grad, state }], { step: 1 }),
  );
  const param = new Float32Array(4096);
  const options = {
    get step() {
      if (param.byteLength > 0) structuredClone(param, { transfer: [param.buffer] });
      return 1;
    },
  };
  expectError('INVALID_ARGUMENT', 'param has 0 elements', () =>
    apply(rule, [{ param, grad, state }], options),
  );
});

test('wrong arguments are errors that change nothing', () => {
  const rule = sgd();
  const param = Float32Array.of(1, 2);
  const grad = Float32Array.of(1, 1);
  const state = new State(rule, param);
  const expect = (kind, words, tensor, options = {}) =>
    expectError(kind, words, () =>
      apply(rule, [{ param, grad, state, ...tensor }], { step: 1, ...options }),
    );
  expect('INVALID_ARGUMENT', 'grad is of type Int8Array', { grad: new Int8Array(2) });
  expect('INVALID_ARGUMENT', 'grad has 3 elements', { grad: new Float32Array(3) });
  expect('INVALID_ARGUMENT', 'param is of type Float64Array', { param: new Float64Array(2) });
  expect('INVALID_ARGUMENT', 'param is of type object', { param: [1, 2] });
  expect('INVALID_ARGUMENT', 'tensors[0].grad is missing', { grad: undefined });
  expect('INVALID_ARGUMENT', 'state is [object Object]', { state: {} });
  expect('INVALID_ARGUMENT', 'no option gradient', { gradient: grad });
  expect('INVALID_ARGUMENT', 'float32', { gradDtype: 'float8' });
  expect('INVALID_ARGUMENT', 'copy', { copy: new Uint16Array(2) });
  expect('INVALID_ARGUMENT', 'average is of type Float64Array', { average: new Float64Array(2) });
  expect('INVALID_ARGUMENT', 'no option maxnorm', {}, { maxnorm: 1 });
  expect('INVALID_ARGUMENT', 'step is 1.5', {}, { step: 1.5 });
  expect('OUT_OF_RANGE', 'step', {}, { step: 0 });
  expect('OUT_OF_RANGE', 'max_norm', {}, { maxNorm: -1 });
  expect('INVALID_ARGUMENT', 'shared', {}, { shared: [1] });
  expect('INVALID_ARGUMENT', 'scalar_count', {}, { shared: new Float64Array(1) });
  expectError('INVALID_ARGUMENT', 'a state is in two tensors', () =>
    apply(
      rule,
      [1, 2].map(() => ({ param: new Float32Array(2), grad, state })),
      { step: 1 },
    ),
  );
  expectError('INVALID_ARGUMENT', 'step is not given', () => apply(rule, [], {}));
  expectError('INVALID_ARGUMENT', 'that of sgd', () =>
    apply(new Rule('adam'), [{ param, grad, state }], { step: 1 }),
  );
  expectError('INVALID_ARGUMENT', 'momentum_buffer has 0 elements', () =>
    apply(sgd().set('momentum', 0.9), [{ param, grad, state }], { step: 1 }),
  );
  expectError('INVALID_ARGUMENT', 'Uint16Array', () => new State(rule, new Uint16Array(2)));
  expectError('INVALID_ARGUMENT', 'slotDtype', () => new State(rule, param, { slotDtype: 'int4' }));
  expectError('INVALID_ARGUMENT', 'slot is exp_avg', () => state.read('exp_avg'));
  const adam = new State(new Rule('adam'), param);
  expectError('INVALID_ARGUMENT', '3 values', () => adam.write('exp_avg', [1, 2, 3]));
  const context = new Context();
  context.close();
  expect('CLOSED', 'context', {}, { context });
  assert.deepEqual(param, Float32Array.of(1, 2));
});

// SPDX-License-Identifier: Apache-2.0
//
// What rules, schedules and optimizers can do beside stepping.
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';

import {
  apply,
  Context,
  LossScaler,
  Optimizer,
  Plateau,
  Rule,
  rules,
  Schedule,
  State,
} from '../lib/index.js';
import { expectError } from './errors.js';

function withTensor(param, { options = {}, tensor = {}, lr = 0.5 } = {}) {
  const optimizer = new Optimizer(options);
  const group = optimizer.addGroup('all', new Rule('sgd', { lr }));
  return { optimizer, group, w: optimizer.add(group, 'w', param, tensor) };
}

test('a loss scaler halves its scale after a skipped step', () => {
  const { optimizer, w } = withTensor([1, 2]);
  expectError('UNSUPPORTED', 'loss scaler', () => optimizer.lossScaler);
  optimizer.setLossScaler(new LossScaler({ scale: 8, growthInterval: 2 }));
  w.grad.fill(8);
  optimizer.step();
  assert.deepEqual(Array.from(w.param), [0.5, 1.5]);
  optimizer.step();
  assert.equal(optimizer.lossScaler.scale, 16);
  w.grad.fill(Infinity);
  assert.ok(optimizer.step().isSkipped);
  assert.equal(optimizer.lossScaler.scale, 8);
  optimizer.setLossScaler(null);
  expectError('UNSUPPORTED', 'loss scaler', () => optimizer.lossScaler);
  const scaler = new LossScaler();
  assert.equal(scaler.scale, 65536);
  scaler.update(true);
  assert.equal(scaler.scale, 32768);
  assert.deepEqual(new LossScaler(scaler.values).values, scaler.values);
  expectError('INVALID_ARGUMENT', 'no option growth', () => new LossScaler({ growth: 2 }));
  expectError('INVALID_ARGUMENT', 'growth_interval is 0.5', () => {
    new LossScaler({ growthInterval: 0.5 });
  });
  expectError('OUT_OF_RANGE', 'scale', () => optimizer.setLossScaler(new LossScaler({ scale: 0 })));
});

test('a plateau lowers the rate', () => {
  const plateau = new Plateau(0.5, { patience: 0 });
  assert.equal(plateau.report(1), false);
  assert.equal(plateau.report(2), true);
  assert.equal(plateau.lr, 0.05);
  assert.deepEqual(new Plateau(0.05, plateau.values).values, plateau.values);
  const accuracy = new Plateau(0.5, { patience: 0, maximizes: true });
  assert.equal(accuracy.report(1), false);
  assert.equal(accuracy.report(2), false);
  assert.equal(accuracy.report(1), true);
  expectError('OUT_OF_RANGE', 'factor', () => new Plateau(1, { factor: 2 }).report(1));
  expectError('INVALID_ARGUMENT', 'no option patients', () => new Plateau(1, { patients: 2 }));
});

test('plateaus, notes and loss scales are in checkpoints', () => {
  const { optimizer, group } = withTensor([1, 2, 3]);
  expectError('UNSUPPORTED', 'plateau', () => optimizer.plateau(group));
  optimizer.setPlateau(group, new Plateau(0.5, { patience: 0 }));
  optimizer.setLossScaler(new LossScaler({ scale: 8 }));
  optimizer.setNote('epoch', '7');
  optimizer.setNote('empty', '');
  optimizer.setNote('gone', 'soon');
  optimizer.setNote('gone', null);
  assert.equal(optimizer.reportMetric(1), 0);
  assert.equal(optimizer.reportMetric(2), 1);
  const bytes = optimizer.saveBytes();

  const other = withTensor([1, 2, 3]).optimizer;
  other.load(bytes);
  assert.deepEqual(other.noteNames, ['empty', 'epoch']);
  assert.equal(other.note('epoch'), '7');
  assert.equal(other.note('empty'), '');
  assert.equal(other.lossScaler.scale, 8);
  assert.equal(other.lr(group), 0.05);
  assert.equal(other.plateau(group).lr, 0.05);
  other.setPlateau(group, null);
  expectError('UNSUPPORTED', 'plateau', () => other.plateau(group));
  expectError('UNKNOWN_NAME', 'epoch', () => other.note('epoc'));
  expectError('INVALID_ARGUMENT', 'text', () => other.setNote('epoch', 7));
  const empty = new Optimizer(); // reads the notes before there is a model
  empty.load(bytes, { partial: true });
  assert.equal(empty.note('epoch'), '7');
});

test('a step tensor by tensor has the bits of a step', async () => {
  const make = () => {
    const optimizer = new Optimizer();
    const group = optimizer.addGroup('all', new Rule('adamw'));
    const tensors = [0, 1, 2].map((i) => optimizer.add(group, `w${i}`, new Float32Array(999)));
    return { optimizer, tensors };
  };
  const [parts, whole] = [make(), make()];
  for (const { tensors } of [parts, whole]) tensors.forEach(({ grad }, i) => grad.fill(i + 1));
  whole.optimizer.step();
  const step = parts.optimizer.beginStep();
  step.step(parts.tensors[2]);
  expectError('WRONG_ORDER', 'step', () => step.step(parts.tensors[2]));
  expectError('WRONG_ORDER', 'step', () => parts.optimizer.step());
  expectError('INVALID_ARGUMENT', 'not one of', () => step.step(whole.tensors[0]));
  const others = Promise.all([0, 1].map((i) => step.stepAsync(parts.tensors[i])));
  expectError('WRONG_ORDER', '2 tensors are being stepped', () => step.end());
  await others;
  assert.equal(step.end().leftOutCount, 0);
  parts.tensors.forEach(({ param }, i) => assert.deepEqual(param, whole.tensors[i].param));
  assert.equal(parts.optimizer.info.stepCount, 1);
  expectError('WRONG_ORDER', 'begin_step', () => step.end());
  const second = parts.optimizer.beginStep();
  second.step(parts.tensors[0]);
  assert.equal(second.end().leftOutCount, 2);
  parts.optimizer.setOptions({ maxNorm: 1 });
  expectError('WRONG_ORDER', 'MAX_NORM', () => parts.optimizer.beginStep());
});

test('averages, copies and zeroed gradients', () => {
  const options = { averageDecay: 0.5, zeroGrad: true };
  const tensor = { average: true, copyDtype: 'bfloat16' };
  const { optimizer, w } = withTensor([1, 1], { options, tensor });
  for (let step = 0; step < 2; step += 1) {
    w.grad.fill(1);
    optimizer.step();
  }
  assert.deepEqual(Array.from(w.param), [0, 0]);
  assert.deepEqual(Array.from(w.grad), [0, 0]);
  assert.deepEqual(Array.from(w.average), [0.25, 0.25]);
  assert.deepEqual(Array.from(w.copy), [0, 0]);
  assert.equal(optimizer.tensorInfo(w).averageCount, 2);
  optimizer.startAverage(w);
  assert.deepEqual(Array.from(w.average), [0, 0]);
  optimizer.setOptions({ averageDecay: 0, equalAverage: true });
  w.grad.fill(-2);
  optimizer.step();
  assert.deepEqual(Array.from(w.average), [0.5, 0.5]);
});

test('frozen tensors and tensors without gradient stay', () => {
  const { optimizer, w } = withTensor([1, 1]);
  w.grad.fill(1);
  optimizer.setFrozen(w, true);
  optimizer.step();
  optimizer.setFrozen(w, false);
  optimizer.setHasGrad(w, false);
  optimizer.step();
  assert.deepEqual(Array.from(w.param), [1, 1]);
  optimizer.setHasGrad(w, true);
  optimizer.accumulate(w, 2);
  optimizer.step();
  assert.deepEqual(Array.from(w.param), [0, 0]);
});

test('groups, schedules and state of another run', () => {
  const { optimizer, group, w } = withTensor([1, 1]);
  const adam = optimizer.addGroup('adam', new Rule('adam'), { lrScale: 0.5 });
  assert.equal(optimizer.groupInfo(adam).lr, 0.0005);
  assert.equal(optimizer.findGroup('adam'), adam);
  optimizer.moveTensor(w, adam);
  assert.equal(optimizer.tensorInfo(w).group, adam);
  optimizer.removeGroup(group);
  expectError('OUT_OF_RANGE', 'group', () => optimizer.lr(group));
  assert.equal(optimizer.findTensor('w'), w);
  assert.deepEqual(optimizer.tensors, [w]);
  optimizer.write(w, 'exp_avg', [1, 2]);
  assert.deepEqual(optimizer.read(w, 'exp_avg'), Float64Array.of(1, 2));
  expectError('INVALID_ARGUMENT', '3 values', () => optimizer.write(w, 'exp_avg', [1, 2, 3]));
  optimizer.setTensorStepCount(w, 5);
  optimizer.setStepCount(6);
  assert.equal(optimizer.tensorInfo(w).stepCount, 5);
  assert.equal(optimizer.info.stepCount, 6);
  const cosine = new Schedule('cosine', { total_steps: 12 });
  optimizer.setSchedule(adam, cosine);
  assert.ok(Math.abs(optimizer.lr(adam) - 0.00025) < 1e-12);
  optimizer.setSchedule(adam, null);
  optimizer.setGroupMaxNorm(adam, 1);
  w.grad.set([3, 4]);
  optimizer.step();
  assert.equal(optimizer.groupInfo(adam).gradNorm, 5);
  const prodigy = new Optimizer();
  const v = prodigy.add(prodigy.addGroup('all', new Rule('prodigy')), 'v', [1]);
  assert.equal(prodigy.scalar(v, 'd'), 1e-6);
  prodigy.setScalar(v, 'd', 0.5);
  assert.equal(prodigy.scalar(v, 'd'), 0.5);
  const evaluated = new Optimizer();
  const free = evaluated.addGroup('all', new Rule('schedule_free_adamw'));
  evaluated.add(free, 'u', [1]).grad[0] = 1;
  evaluated.step();
  evaluated.transform(free, 'evaluate');
  expectError('WRONG_ORDER', 'u', () => evaluated.step());
  evaluated.transform(free, 'train');
  evaluated.step();
});

test('schedules follow each other', () => {
  const steps = new Schedule('multistep', { milestones: [2, 4] });
  const cosine = new Schedule('cosine', { total_steps: 10 });
  const both = Schedule.sequence([cosine, steps], [5, 0]);
  assert.equal(both.lr(0.1, 5), 0.1);
  assert.ok(both.lr(0.1, 8) < 0.1);
  expectError('INVALID_ARGUMENT', '0 lengths', () => Schedule.sequence([cosine], []));
  expectError('UNSUPPORTED', 'momentum', () => both.momentum(0));
});

test('a context decides about threads and denormal numbers', () => {
  const stepOn = (options, count) => {
    const context = new Context(options);
    const rule = new Rule('sgd', { lr: 1 });
    const [param, grad] = [new Float32Array(count), new Float32Array(count).fill(1e-40)];
    const state = new State(rule, param);
    const { pieceCount } = apply(rule, [{ param, grad, state }], { step: 1, context });
    context.close();
    return { pieceCount, moved: param[0] !== 0 };
  };
  const count = 2 ** 20;
  if (availableParallelism() > 1) {
    assert.ok(stepOn({ threads: 2, serialBelow: 0 }, count).pieceCount > 1);
  }
  assert.equal(stepOn({ threads: 2, serialBelow: count + 1 }, count).pieceCount, 1);
  assert.equal(stepOn({}, 4).moved, true);
  assert.equal(stepOn({ flushToZero: true }, 4).moved, false);
});

test('rules and contexts tell what they are', () => {
  for (const info of rules()) {
    const rule = new Rule(info.name);
    assert.deepEqual(rule.info, info);
    for (const each of info.hyperparameters) assert.equal(rule.get(each.name), each.default);
  }
  assert.deepEqual(new Rule('prodigy').info.scalars.includes('d'), true);
  const { hyperparameters } = new Rule('sgd').info;
  assert.equal(hyperparameters.find(({ name }) => name === 'nesterov').kind, 'flag');
  assert.equal(new Context({ threads: 1 }).threads, 1);
  expectError('INVALID_ARGUMENT', 'no option pool', () => new Context({ pool: () => {} }));
});

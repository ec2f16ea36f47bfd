// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';

import * as gradstep from '../lib/index.js';
import { expectError } from './errors.js';

const { Context, Optimizer, Rule, Schedule } = gradstep;

function withTensor(param, options = {}) {
  const optimizer = new Optimizer(options);
  const rule = new Rule('adamw');
  const tensor = optimizer.add(optimizer.addGroup('all', rule), 'w', param);
  rule.close();
  return { optimizer, tensor };
}

test('the checkpoint is that of every language', (t) => {
  if (process.arch === 'x64' && Context.shared.isa === 'baseline') {
    t.skip('this instruction set has no fused multiply-add, so other bits');
    return;
  }
  const optimizer = new Optimizer({ maxNorm: 1, seed: 7 });
  const schedule = new Schedule('cosine', { total_steps: 300, warmup_steps: 20 });
  const adamw = new Rule('adamw', { lr: 0.01, weight_decay: 0.1 });
  const sgd = new Rule('sgd', { lr: 0.05, momentum: 0.9, nesterov: true });
  const matrices = optimizer.addGroup('matrices', adamw, { schedule, slotDtype: 'bfloat16' });
  const rest = optimizer.addGroup('rest', sgd);
  const start = (k, count) =>
    Float32Array.from({ length: count }, (_, i) => (((37 * i + 11 * k) % 201) - 100) / 128);
  const tensors = [
    optimizer.add(matrices, 'embedding', start(0, 64 * 48), { rows: 64, columns: 48 }),
    optimizer.add(rest, 'bias', start(1, 100)),
  ];
  for (let step = 1; step <= 300; step += 1) {
    tensors.forEach(({ grad }, k) => {
      for (let i = 0; i < grad.length; i += 1) {
        grad[i] = ((((i + 1) * (step + 3 * k + 1)) % 127) - 63) / 64;
      }
    });
    assert.equal(optimizer.step().isSkipped, false);
  }
  const saved = optimizer.saveBytes({ params: true });
  const wanted = readFileSync(new URL('../../same_run.sha256', import.meta.url), 'utf8').trim();
  assert.equal(createHash('sha256').update(saved).digest('hex'), wanted);
  const folder = mkdtempSync(join(tmpdir(), 'gradstep-'));
  try {
    optimizer.save(join(folder, 'run.safetensors'), { params: true });
    assert.equal(optimizer.load(join(folder, 'run.safetensors'), { params: true }).loaded, 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.equal(optimizer.load(saved).loaded, 2);
  optimizer.close();
});

test('the library tells what there is', () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  assert.equal(gradstep.version(), version);
  assert.ok(gradstep.rules().length >= 11);
  assert.ok(gradstep.rule('adamw').slots.includes('exp_avg'));
  assert.ok(gradstep.schedules().every(({ formula }) => formula.length > 0));
  assert.ok(gradstep.instructionSets().includes('baseline'));
  const schedule = new Schedule('multistep', { milestones: [2, 4] });
  assert.equal(schedule.lr(0.1, 0), 0.1);
  assert.ok(schedule.lr(0.1, 5) < 0.01);
});

test('wrong arguments are errors', () => {
  expectError('UNKNOWN_NAME', 'adam', () => new Rule('adamm'));
  expectError('INVALID_ARGUMENT', 'zero byte', () => new Rule('ada\0m'));
  expectError('INVALID_ARGUMENT', 'must be a text', () => new Rule(7));
  expectError('OUT_OF_RANGE', 'beta1', () => new Rule('adamw', { beta1: 1.5 }));
  expectError('INVALID_ARGUMENT', 'list', () => new Rule('adamw', { beta1: [1] }));
  expectError('UNKNOWN_NAME', 'mmx', () => new Context({ isa: 'mmx' }));
  expectError('INVALID_ARGUMENT', 'maxNorm', () => new Optimizer({ maxnorm: 1 }));
  const { optimizer, tensor } = withTensor([1, 2, 3]);
  const other = withTensor([1, 2, 3]);
  const rule = new Rule('sgd');
  expectError('INVALID_ARGUMENT', 'all', () => optimizer.addGroup('all', rule));
  expectError('INVALID_ARGUMENT', 'float32', () => optimizer.add(0, 'v', [1], { dtype: 'float8' }));
  expectError('INVALID_ARGUMENT', 'dtype', () => optimizer.add(0, 'v', [1], { type: 'float32' }));
  expectError('OUT_OF_RANGE', 'group', () => optimizer.add(5, 'v', [1]));
  expectError('INVALID_ARGUMENT', 'index', () => optimizer.add('all', 'v', [1]));
  expectError('INVALID_ARGUMENT', 'rows', () =>
    optimizer.add(0, 'v', [1, 2], { rows: 3, columns: 1 }),
  );
  expectError('INVALID_ARGUMENT', 'not one of', () => optimizer.remove(other.tensor));
  expectError('INVALID_ARGUMENT', 'not one of', () => optimizer.read({}, 'exp_avg'));
  expectError('UNKNOWN_NAME', 'exp_avg', () => optimizer.read(tensor, 'exp_avgg'));
  expectError('IO_ERROR', '/nowhere', () => optimizer.load('/nowhere'));
  expectError('CORRUPT', '', () => optimizer.load(new Uint8Array(0)));
  optimizer.remove(tensor);
  expectError('OUT_OF_RANGE', 'tensor', () => optimizer.remove(tensor));
  assert.equal(optimizer.info.tensorCount, 0);
  optimizer.close();
});

test('what is closed is an error', async () => {
  const { optimizer, tensor } = withTensor([1, 2]);
  optimizer.close();
  optimizer.close();
  expectError('CLOSED', 'optimizer', () => optimizer.step());
  await assert.rejects(optimizer.stepAsync(), { kind: 'CLOSED' });
  tensor.param[0] = 5; // the memory stays as long as somebody has it
  const context = new Context({ threads: 2 });
  const used = withTensor([1], { context });
  context.close(); // it stays as long as an optimizer uses it
  used.optimizer.step();
  used.optimizer.close();
  expectError('CLOSED', 'context', () => new Optimizer({ context }));
});

test('arrays can be neither transferred nor resized', () => {
  const { optimizer, tensor } = withTensor([1, 2]);
  const { port1, port2 } = new MessageChannel();
  assert.throws(() => port1.postMessage(tensor.param, [tensor.param.buffer]));
  assert.throws(() => structuredClone(tensor.param, { transfer: [tensor.param.buffer] }));
  assert.throws(() => tensor.param.buffer.grow(64));
  assert.throws(() => {
    tensor.param = new Float32Array(1);
  });
  port1.close();
  port2.close();
  optimizer.step();
  optimizer.close();
});

test('a thousand promises', async () => {
  const models = Array.from({ length: 1000 }, () => withTensor(new Float32Array(64)));
  const steps = models.map(({ optimizer, tensor }, i) => {
    tensor.grad[0] = 1;
    const step = optimizer.stepAsync();
    if (i % 2 === 0) optimizer.close(); // after the step
    return step;
  });
  assert.ok((await Promise.all(steps)).every(({ isSkipped }) => !isSkipped));
  assert.ok(models.every(({ tensor }) => tensor.param[0] < 0 && tensor.param[1] === 0));
  const { optimizer } = withTensor(new Float32Array(64));
  await Promise.all(Array.from({ length: 100 }, () => optimizer.stepAsync()));
  assert.equal(optimizer.info.stepCount, 100);
});

test('a promise has the sentence of its own call', async () => {
  const failing = Array.from({ length: 200 }, (_, i) => {
    const { optimizer } = withTensor([1]);
    return assert.rejects(optimizer.stepAsync(i % 2 === 0 ? Infinity : NaN), (error) => {
      assert.ok(error.message.includes(i % 2 === 0 ? 'inf' : 'nan'), error.message);
      return true;
    });
  });
  await Promise.all(failing);
});

test('many objects leave no memory behind', async () => {
  const make = async (count) => {
    for (let i = 0; i < count; i += 1) {
      const { optimizer } = withTensor(new Float32Array(64));
      optimizer.step();
      if (i % 2 === 0) optimizer.close(); // the others are left to the garbage collector
      if (i % 1000 === 0) {
        globalThis.gc();
        await new Promise(setImmediate);
      }
    }
  };
  await make(20_000);
  const before = process.memoryUsage.rss();
  await make(100_000);
  const more = process.memoryUsage.rss() - before;
  assert.ok(more < 64 << 20, `${more} bytes more`);
});

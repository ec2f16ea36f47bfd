// SPDX-License-Identifier: Apache-2.0
//
// The recorded runs of tests/golden: formulas of the papers, and PyTorch's runs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Optimizer, Rule } from '../lib/index.js';

const files = ['traces.txt', 'pass_traces.txt', 'torch_traces.txt', 'torch_matrix_traces.txt'];

/** "0x1.8p-1" and "-0.75". */
function number(word) {
  const found = /^(-?)0x([01])\.?([0-9a-f]*)p([+-]\d+)$/.exec(word);
  if (!found) {
    assert.ok(!Number.isNaN(Number(word)), word);
    return Number(word);
  }
  const [, sign, whole, part, exponent] = found;
  const mantissa = Number(BigInt(`0x${whole}${part}`));
  const power = Number(exponent) - 4 * part.length;
  const half = Math.trunc(power / 2); // in two steps, since 2^-1074 is no normal number
  return (sign === '-' ? -1 : 1) * (mantissa * 2 ** half) * 2 ** (power - half);
}

function casesOf(file) {
  const cases = [];
  let start = [];
  let grads = [];
  const text = readFileSync(new URL(`../../../tests/golden/${file}`, import.meta.url), 'utf8');
  for (const line of text.split('\n')) {
    const [word, ...words] = line.split(/\s+/);
    const last = cases.at(-1);
    if (word === 'start') [start, grads] = [words.map(number), []];
    else if (word === 'grad') grads.push(words.slice(1).map(number));
    else if (word === 'param') last.wide.push(words.slice(1).map(number));
    else if (word === 'param32') last.single.push(words.slice(1).map(number));
    else if (['evaluated', 'trained', 'stopped'].includes(word)) last.isPlain = false;
    else if (word === 'case') {
      const [name, rule, ...options] = words;
      const next = { name, rule, values: {}, shape: {}, start, grads, wide: [], single: [] };
      next.isPlain = true; // one tensor, without transforms and stopped steps
      for (const [key, value] of options.map((option) => option.split('='))) {
        if (key === 'split') next.isPlain = false;
        else if (key === 'shape') {
          const sizes = value.split('x').map(Number);
          next.shape = { rows: sizes.at(-2), columns: sizes.at(-1) };
        } else next.values[key] = number(value);
      }
      cases.push(next);
    }
  }
  return cases.filter((each) => each.isPlain);
}

function replay(of, dtype) {
  const rule = new Rule(of.rule, of.values);
  const optimizer = new Optimizer();
  const group = optimizer.addGroup('all', rule);
  const { param, grad } = optimizer.add(group, 'w', of.start, { dtype, ...of.shape });
  const got = of.grads.map((numbers) => {
    grad.set(numbers);
    optimizer.step();
    return Array.from(param);
  });
  optimizer.close();
  rule.close();
  return got;
}

function expectNear(of, got, wanted, tolerance) {
  of.start.forEach((first, i) => {
    const largest = Math.max(Math.abs(first), ...wanted.map((param) => Math.abs(param[i])));
    wanted.forEach((param, step) => {
      const place = `${of.name}: step ${step + 1}, element ${i}: ${got[step][i]} for ${param[i]}`;
      assert.ok(Math.abs(got[step][i] - param[i]) <= tolerance * largest, place);
    });
  });
}

test('recorded runs are replayed', () => {
  const cases = files.flatMap(casesOf);
  assert.ok(cases.length >= 60, `only ${cases.length} cases`);
  for (const each of cases) {
    // PyTorch keeps nadam's mu_product in float32.
    expectNear(each, replay(each, 'float64'), each.wide, each.rule === 'nadam' ? 1e-5 : 1e-12);
    const units = each.rule === 'prodigy' ? 1024 : 16;
    const wanted = each.single.length > 0 ? each.single : each.wide;
    expectNear(each, replay(each, 'float32'), wanted, units * 2 ** -23);
  }
});

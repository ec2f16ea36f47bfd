// SPDX-License-Identifier: Apache-2.0
//
// Options by name, and structs of the C interface whose fields are options.
import { constants, invalid, Struct } from './native.js';

export function checkNames(what, given, known) {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw invalid(`there is no option ${name} of ${what}; there are ${known.join(', ')}`);
    }
  }
}

export function flagBits(flags) {
  return flags.reduce((all, flag) => all | BigInt(flag), 0n);
}

// The options of steps: the field of each, and its flag.
const ofEveryStep = {
  maxNorm: ['max_norm', constants.APPLY_MAX_NORM],
  maxValue: ['max_value', constants.APPLY_MAX_VALUE],
  averageDecay: ['average_decay', constants.APPLY_AVERAGE],
  equalAverage: [null, constants.APPLY_AVERAGE | constants.APPLY_AVERAGE_EQUAL],
  checkFinite: [null, constants.APPLY_CHECK_FINITE],
  zeroGrad: [null, constants.APPLY_ZERO_GRAD],
  stochasticParams: [null, constants.APPLY_STOCHASTIC_PARAM],
  nearestSlots: [null, constants.APPLY_NEAREST_SLOTS],
};
const ofOneStep = {
  gradScale: ['grad_scale', constants.APPLY_GRAD_SCALE],
  averageCount: ['average_count', constants.APPLY_AVERAGE_COUNT],
  freshSlots: [null, constants.APPLY_FRESH_SLOTS],
};

function fill(struct, fields, given) {
  const flags = [];
  for (const [name, [field, flag]] of Object.entries(fields)) {
    const value = given[name];
    if (value === undefined || value === false) continue;
    flags.push(flag);
    if (field !== null) struct.set(field, value);
  }
  struct.set('flags', flagBits(flags));
  return struct;
}

/** The struct of an optimizer's options. */
export function optimizerOptions(given) {
  checkNames('an optimizer', given, [...Object.keys(ofEveryStep), 'seed', 'context']);
  return fill(new Struct('optimizer_options', { seed: given.seed ?? 0 }), ofEveryStep, given);
}

/** The struct of a stateless step's options. */
export function applyOptions(given) {
  const fields = { ...ofEveryStep, ...ofOneStep };
  const known = ['step', ...Object.keys(fields), 'seed', 'shared', 'context'];
  checkNames('a step', given, known);
  if (given.step === undefined) throw invalid('step is not given; it is counted from 1');
  const struct = new Struct('apply_options', { step: given.step, seed: given.seed ?? 0 });
  return fill(struct, fields, given);
}

/** What a step has done. */
export function stepResult(result) {
  return {
    isSkipped: result.get('is_skipped') !== 0,
    isStopped: result.get('is_stopped') !== 0,
    gradNorm: result.get('grad_norm'),
    nonFiniteCount: result.get('non_finite_count'),
    clipFactor: result.get('clip_factor'),
    pieceCount: result.get('piece_count'),
    leftOutCount: result.get('left_out_count'),
  };
}

const camelCase = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
const fieldsOf = (struct) => [...struct.fields.keys()].filter((name) => name !== 'struct_size');

/** Sets those fields that are given by their names in camel case. */
export function setFields(what, struct, given) {
  const byName = new Map(fieldsOf(struct).map((field) => [camelCase(field), field]));
  checkNames(what, given, [...byName.keys()]);
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) struct.set(byName.get(name), value);
  }
}

/** All fields, by their names in camel case. */
export function allFields(struct) {
  return Object.fromEntries(fieldsOf(struct).map((field) => [camelCase(field), struct.get(field)]));
}

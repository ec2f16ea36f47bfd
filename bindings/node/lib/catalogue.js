// SPDX-License-Identifier: Apache-2.0
//
// What rules, schedules and instruction sets there are. All of it comes from the library.
import { addon, call, constants, Struct, textBytes } from './native.js';

const kinds = new Map([
  [constants.REAL, 'real'],
  [constants.FLAG, 'flag'],
  [constants.INTEGER, 'integer'],
  [constants.LIST, 'list'],
]);

function hyperparameters(what, name, count) {
  return Array.from({ length: count }, (_, index) => {
    const info = new Struct('hyperparameter_info');
    call(`${what}_describe_hyperparameter`, name, index, info);
    const value = info.get('default_value');
    return {
      name: info.get('name'),
      help: info.get('help'),
      default: Number.isNaN(value) ? undefined : value,
      minimum: info.get('minimum'),
      maximum: info.get('maximum'),
      kind: kinds.get(info.get('kind')) ?? 'real',
      isList: info.get('kind') === constants.LIST,
    };
  });
}

function described(what, name) {
  const text = textBytes(`${what}_name`, name);
  const info = new Struct(`${what}_info`);
  call(`${what}_describe`, text, info);
  return {
    text,
    info,
    common: {
      name: info.get('name'),
      summary: info.get('summary'),
      formula: info.get('formula'),
      source: info.get('source'),
      hyperparameters: hyperparameters(what, text, info.get('hyperparameter_count')),
    },
  };
}

export function rule(name) {
  const { text, info, common } = described('rule', name);
  const slots = Array.from({ length: info.get('slot_count') }, (_, index) => {
    const slot = new Struct('slot_info');
    call('rule_describe_slot', text, index, slot);
    return slot.get('name');
  });
  const scalars = Array.from({ length: info.get('scalar_count') }, (_, index) => {
    const scalar = new Struct('scalar_info');
    call('rule_describe_scalar', text, index, scalar);
    return scalar.get('name');
  });
  return { ...common, slots, scalars };
}

export function schedule(name) {
  return described('schedule', name).common;
}

export const rules = () => addon.names('rule').map(rule);
export const schedules = () => addon.names('schedule').map(schedule);
export const instructionSets = () => addon.names('isa');
export const version = () => addon.version();

// SPDX-License-Identifier: Apache-2.0
import { rule as describeRule } from './catalogue.js';
import {
  bits,
  call,
  constants,
  Handle,
  invalid,
  Struct,
  textBytes,
  wholeNumber,
} from './native.js';
import { checkNames, flagBits } from './options.js';

/** The threads and the instruction set of steps. */
export class Context {
  static #shared;

  constructor(given = {}) {
    checkNames('a context', given, ['threads', 'isa', 'serialBelow', 'flushToZero']);
    const { threads = 0, isa = null, serialBelow, flushToZero = false } = given;
    const options = new Struct('context_options', { thread_count: threads, isa });
    const flags = flushToZero ? [constants.CONTEXT_FLUSH_TO_ZERO] : [];
    if (serialBelow !== undefined) {
      options.set('serial_below', serialBelow);
      flags.push(constants.CONTEXT_SERIAL_BELOW);
    }
    options.set('flags', flagBits(flags));
    this.handle = new Handle(this, 'context', (into) => call('context_create', options, into));
  }

  /** The process's context, which optimizers have that are given none. */
  static get shared() {
    Context.#shared ??= new Context();
    return Context.#shared;
  }

  #info() {
    const info = new Struct('context_info');
    call('context_describe', this.handle.address, info);
    return info;
  }

  get isa() {
    return this.#info().get('isa');
  }

  get threads() {
    return this.#info().get('thread_count');
  }

  close() {
    this.handle.close();
  }
}

class Hyperparameters {
  #calls;

  constructor(what, create, values) {
    this.#calls = what;
    this.handle = new Handle(this, what, create);
    for (const [key, value] of Object.entries(values)) this.set(key, value);
  }

  set(name, value) {
    if (Array.isArray(value) || ArrayBuffer.isView(value)) return this.setList(name, value);
    call(`${this.#calls}_set`, this.handle.address, textBytes('name', name), bits(Number(value)));
    return this;
  }

  setList(name) {
    throw invalid(`${name} is a list; a ${this.#calls} has none`);
  }

  get(name) {
    const value = new Float64Array(1);
    call(`${this.#calls}_get`, this.handle.address, textBytes('name', name), value);
    return value[0];
  }

  check() {
    call(`${this.#calls}_check`, this.handle.address);
  }

  close() {
    this.handle.close();
  }
}

/** An update formula with a value for each of its hyper-parameters. */
export class Rule extends Hyperparameters {
  #name;
  #info;
  #version = 0;

  constructor(name, values = {}) {
    const text = textBytes('rule_name', name);
    super('rule', (into) => call('rule_create', text, into), {});
    this.#name = name;
    for (const [key, value] of Object.entries(values)) this.set(key, value);
  }

  get name() {
    return this.#name;
  }

  get info() {
    this.#info ??= describeRule(this.#name);
    return this.#info;
  }

  /** Changes with every `set`. */
  get version() {
    return this.#version;
  }

  set(name, value) {
    super.set(name, value);
    this.#version += 1;
    return this;
  }
}

/** The learning rate as a function of the step. */
export class Schedule extends Hyperparameters {
  /** create: for `sequence` alone. */
  constructor(name, values = {}, create = null) {
    const text = textBytes('schedule_name', name);
    super('schedule', create ?? ((into) => call('schedule_create', text, into)), values);
  }

  static sequence(parts, lengths) {
    if (parts.length !== lengths.length) {
      throw invalid(
        `there are ${parts.length} parts and ${lengths.length} lengths; each part needs one`,
      );
    }
    const handles = BigUint64Array.from(parts, (part) => part.handle.address);
    const counts = BigUint64Array.from(lengths, (length) => wholeNumber('a length', length));
    const create = (into) =>
      call('schedule_create_sequence', handles, counts, handles.length, into);
    return new Schedule('sequence', {}, create);
  }

  setList(name, values) {
    const list = Float64Array.from(values);
    call('schedule_set_list', this.handle.address, textBytes('name', name), list, list.length);
    return this;
  }

  lr(baseLr, t) {
    const lr = new Float64Array(1);
    call('schedule_lr', this.handle.address, bits(baseLr), bits(t), lr);
    return lr[0];
  }
  /** The momentum at step t, if the schedule drives it. */
  momentum(t) {
    const momentum = new Float64Array(1);
    call('schedule_momentum', this.handle.address, bits(t), momentum);
    return momentum[0];
  }
}

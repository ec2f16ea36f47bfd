// SPDX-License-Identifier: Apache-2.0
import { bits, call, Handle, invalid, Struct, textBytes } from './native.js';

/** The threads and the instruction set of steps. */
export class Context {
  static #shared;

  constructor({ threads = 0, isa = null } = {}) {
    const options = new Struct('context_options', { thread_count: threads, isa });
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

  constructor(what, name, values) {
    this.#calls = what;
    const text = textBytes(`${what}_name`, name);
    this.handle = new Handle(this, what, (into) => call(`${what}_create`, text, into));
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
  constructor(name, values = {}) {
    super('rule', name, values);
  }
}

/** The learning rate as a function of the step. */
export class Schedule extends Hyperparameters {
  constructor(name, values = {}) {
    super('schedule', name, values);
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
}

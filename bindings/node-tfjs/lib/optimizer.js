// SPDX-License-Identifier: Apache-2.0
import { engine, Optimizer as TfOptimizer, serialization, tensor } from '@tensorflow/tfjs-core';
import { apply, Context, Rule, sharedScalars, State, transform } from 'gradstep';

import { invalid } from './errors.js';
import { fromTensors, readState, toTensors, writeState } from './weights.js';

const knownOptions = [
  'slotDtype',
  'context',
  'maxNorm',
  'maxValue',
  'checkFinite',
  'nearestSlots',
  'seed',
];

const snakeCase = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function variableOf(name) {
  const variable = engine().registeredVariables[name];
  if (variable === undefined) throw invalid(`there is no variable ${String(name)}`);
  if (variable.dtype === 'float32') return variable;
  throw invalid(`the variable ${name} is of dtype ${variable.dtype}; it must be float32`);
}

function checkGradient(name, gradient, variable) {
  const [given, wanted] = [gradient.shape.join(), variable.shape.join()];
  if (given !== wanted) {
    throw invalid(`the gradient of ${name} has the shape [${given}]; it must be [${wanted}]`);
  }
  if (gradient.dtype !== 'float32') {
    throw invalid(`the gradient of ${name} is of dtype ${gradient.dtype}; it must be float32`);
  }
}

/** The gradients as a Map from the variables' names. */
function namedGradients(given) {
  const list = Array.isArray(given)
    ? given.map(({ name, tensor: gradient }) => [name, gradient])
    : Object.entries(given);
  const gradients = new Map();
  for (const [name, gradient] of list) {
    if (gradients.has(name)) throw invalid(`the variable ${name} is listed twice`);
    gradients.set(name, gradient ?? null);
  }
  return gradients;
}

/** Gives a variable a new value. The old array stays as it is: other tensors may share it. */
function assign(variable, values) {
  const value = tensor(values, variable.shape, 'float32');
  variable.assign(value);
  value.dispose();
}

/** An optimizer of TensorFlow.js with any rule of gradstep. */
export class Optimizer extends TfOptimizer {
  static get className() {
    return 'Gradstep';
  }

  static fromConfig(cls, { name, hyperparameters = {}, options = {} }) {
    // A model's file has the names in camel case.
    const entries = Object.entries(hyperparameters).map(([key, value]) => [snakeCase(key), value]);
    return new cls(name, Object.fromEntries(entries), options);
  }

  #rule;
  #stepOptions;
  #slotDtype;
  #shared;
  // By the variable's name, in the order of their coming. null: listed, but never with a gradient.
  #states = new Map();
  #loaded = new Map(); // states whose variables have not come yet
  #exported = [];
  #lastStep = null;

  constructor(name, hyperparameters = {}, options = {}) {
    super();
    for (const option of Object.keys(options)) {
      if (knownOptions.includes(option)) continue;
      throw invalid(`there is no option ${option}; there are ${knownOptions.join(', ')}`);
    }
    const { slotDtype, ...stepOptions } = options;
    this.#rule = new Rule(name, hyperparameters);
    this.#rule.check();
    this.#slotDtype = slotDtype;
    this.#stepOptions = stepOptions;
    this.#shared = sharedScalars(this.#rule);
    const probe = new State(this.#rule, new Float32Array(0), { slotDtype });
    const arrays = { param: new Float32Array(0), grad: new Float32Array(0), state: probe };
    this.#apply([arrays], 1, Float64Array.from(this.#shared)); // checks the options
  }

  get learningRate() {
    return this.get('lr');
  }

  set learningRate(value) {
    this.setLearningRate(value);
  }

  setLearningRate(value) {
    this.set('lr', value);
  }

  get(name) {
    return this.#rule.get(name);
  }

  set(name, value) {
    this.#rule.set(name, value);
  }

  get lastStep() {
    return this.#lastStep;
  }

  get stateBytes() {
    return [...this.#states.values()].reduce((sum, state) => sum + (state?.bytes ?? 0), 0);
  }

  #apply(tensors, step, shared) {
    return apply(this.#rule, tensors, { ...this.#stepOptions, step, shared });
  }

  #newState(variable) {
    const { shape } = variable;
    const sides = shape.length < 2 ? {} : { rows: shape.at(-2), columns: shape.at(-1) };
    const options = { ...sides, slotDtype: this.#slotDtype };
    return new State(this.#rule, new Float32Array(variable.dataSync()), options);
  }

  /** All states with those of the listed variables. Nothing is changed yet. */
  #statesOf(gradients) {
    const states = new Map(this.#states);
    const loaded = new Map(this.#loaded);
    const fresh = [...gradients.keys()].filter((name) => !states.has(name));
    const isNamed = fresh.every((name) => loaded.has(name));
    const isUnknown = !fresh.some((name) => loaded.has(name));
    if (loaded.size > 0 && !isNamed && !(isUnknown && fresh.length === loaded.size)) {
      throw invalid(
        `the loaded state is that of ${[...loaded.keys()].join(', ')}; ` +
          `the variables are ${fresh.join(', ')}`,
      );
    }
    const others = [...loaded.keys()];
    fresh.forEach((name, index) => {
      const key = isNamed ? name : others[index];
      const found = loaded.get(key);
      states.set(name, null);
      if (found === undefined) return;
      const variable = variableOf(name);
      states.set(name, this.#newState(variable));
      writeState(states.get(name), found, variable);
      loaded.delete(key);
    });
    return { states, loaded };
  }

  applyGradients(variableGradients) {
    const gradients = namedGradients(variableGradients);
    const { states, loaded } = this.#statesOf(gradients);
    const steps = [];
    for (const name of states.keys()) {
      const gradient = gradients.get(name) ?? null;
      if (gradient === null) continue;
      const variable = variableOf(name);
      checkGradient(name, gradient, variable);
      if (states.get(name) === null) states.set(name, this.#newState(variable));
      const param = new Float32Array(variable.dataSync());
      steps.push({ variable, param, grad: gradient.dataSync(), state: states.get(name) });
    }
    const tensors = steps.map(({ param, grad, state }) => ({ param, grad, state }));
    this.#lastStep = this.#apply(tensors, this.iterations + 1, this.#shared);
    this.#states = states;
    this.#loaded = loaded;
    if (this.#lastStep.isSkipped || this.#lastStep.isStopped) return;
    for (const { variable, param } of steps) assign(variable, param);
    this.incrementIterations();
  }

  transform(name) {
    const known = [...this.#states].filter(([, state]) => state !== null);
    const steps = known.map(([variableName, state]) => {
      const variable = variableOf(variableName);
      return { variable, param: new Float32Array(variable.dataSync()), state };
    });
    const tensors = steps.map(({ param, state }) => ({ param, state }));
    transform(this.#rule, tensors, name, { context: this.#stepOptions.context ?? Context.shared });
    for (const { variable, param } of steps) assign(variable, param);
  }

  async getWeights() {
    const states = new Map();
    for (const [name, given] of this.#states) {
      const variable = engine().registeredVariables[name];
      const state = given ?? (variable?.dtype === 'float32' ? this.#newState(variable) : null);
      if (state !== null) states.set(name, readState(state, variable?.shape ?? [state.count]));
    }
    for (const [name, state] of this.#loaded) states.set(name, state);
    this.#disposeExported();
    const named = toTensors(this.#rule, states, this.#shared);
    this.#exported = [await this.saveIterations(), ...named];
    return [...this.#exported];
  }

  async setWeights(weightValues) {
    const [first, ...others] = weightValues;
    if (first?.name !== 'iter') {
      throw invalid(`the first weight is ${String(first?.name)}; it must be iter`);
    }
    const { states, shared } = await fromTensors(this.#rule, others);
    const expected = sharedScalars(this.#rule);
    if (shared !== null && shared.length !== expected.length) {
      throw invalid(`there are ${shared.length} shared scalars; there must be ${expected.length}`);
    }
    await this.extractIterations(weightValues);
    this.#states = new Map();
    this.#loaded = states;
    this.#shared = shared ?? expected;
  }

  getConfig() {
    const { name, info } = this.#rule;
    const values = info.hyperparameters.map((each) => [each.name, this.get(each.name)]);
    const { context: _, ...options } = { ...this.#stepOptions, slotDtype: this.#slotDtype };
    if (options.slotDtype === undefined) delete options.slotDtype;
    return { name, hyperparameters: Object.fromEntries(values), options };
  }

  #disposeExported() {
    for (const { tensor: each } of this.#exported) each.dispose();
    this.#exported = [];
  }

  dispose() {
    this.#disposeExported();
    this.#states = new Map();
    this.#loaded = new Map();
    this.#rule.close();
  }
}

serialization.registerClass(Optimizer);

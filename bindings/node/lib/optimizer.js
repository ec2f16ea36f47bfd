// SPDX-License-Identifier: Apache-2.0
import { allocate, averageDtype, dtypeOf } from './arrays.js';
import { Checkpoints } from './checkpoints.js';
import { bits, call, callAsync, constants, invalid, Struct, textBytes } from './native.js';
import { checkNames, stepResult } from './options.js';
import { StepInParts } from './stepping.js';

function stepOptions(gradScale) {
  const flags = constants.STEP_GRAD_SCALE;
  return new Struct('step_options', { flags, grad_scale: gradScale });
}

/** A parameter of an optimizer and its gradient, in memory that stays where it is. */
export class Tensor {
  #optimizer;
  #index;

  constructor(optimizer, index, arrays) {
    this.#optimizer = optimizer;
    this.#index = index;
    Object.assign(this, arrays);
    Object.freeze(this);
  }

  /** For the optimizer alone. */
  static indexOf(optimizer, tensor) {
    if (!(tensor instanceof Tensor) || tensor.#optimizer !== optimizer) {
      throw invalid('the tensor is not one of this optimizer');
    }
    return tensor.#index;
  }
}

/** Parameters in groups, with their state, step counts and learning rates. */
export class Optimizer extends Checkpoints {
  #tensors = new Map(); // keeps their memory

  #call(name, tensor, ...args) {
    call(`optimizer_${name}`, this.handle.address, Tensor.indexOf(this, tensor), ...args);
  }

  /** Adds a tensor with a copy of `param`, and a gradient of zeros. */
  add(group, name, param, options = {}) {
    const known = ['dtype', 'gradDtype', 'rows', 'columns', 'average', 'copyDtype'];
    checkNames('a tensor', options, known);
    const isWide = param instanceof Float64Array;
    const { dtype = isWide ? 'float64' : 'float32', rows = 0, columns = 0 } = options;
    const dtypes = { param: dtype, grad: options.gradDtype ?? dtype };
    if (options.copyDtype !== undefined) dtypes.copy = options.copyDtype;
    if (options.average) dtypes.average = averageDtype(dtype);
    const raw = new Struct('tensor', { count: param.length, rows, columns });
    const arrays = {};
    for (const [each, dtypeName] of Object.entries(dtypes)) {
      const [code, Type] = dtypeOf(each === 'param' ? 'dtype' : `${each}Dtype`, dtypeName);
      arrays[each] = allocate(Type, param.length);
      raw.setArray(each, arrays[each], code);
    }
    arrays.param.set(param);
    const text = textBytes('name', name);
    const index = new BigUint64Array(1);
    call('optimizer_add_tensor', this.handle.address, group, text, raw, index);
    const tensor = new Tensor(this, index[0], arrays);
    this.#tensors.set(index[0], tensor);
    return tensor;
  }

  remove(tensor) {
    this.#call('remove_tensor', tensor);
    this.#tensors.delete(Tensor.indexOf(this, tensor));
  }

  /** The tensors, in the order of adding. */
  get tensors() {
    return [...this.#tensors.values()];
  }

  findTensor(name) {
    const index = new BigUint64Array(1);
    call('optimizer_find_tensor', this.handle.address, textBytes('name', name), index);
    return this.#tensors.get(index[0]);
  }

  tensorInfo(tensor) {
    const info = new Struct('tensor_info');
    this.#call('describe_tensor', tensor, info);
    return {
      name: info.get('name'),
      group: info.get('group'),
      count: info.get('count'),
      stepCount: info.get('step_count'),
      isFrozen: info.get('is_frozen') !== 0,
      hasGrad: info.get('has_grad') !== 0,
      averageCount: info.get('average_count'),
    };
  }

  moveTensor(tensor, group) {
    this.#call('move_tensor', tensor, group);
  }

  setFrozen(tensor, isFrozen) {
    this.#call('set_frozen', tensor, isFrozen ? 1 : 0);
  }

  setHasGrad(tensor, hasGrad) {
    this.#call('set_grad', tensor, hasGrad ? tensor.grad : 0n);
  }

  accumulate(tensor, scale = 1) {
    this.#call('accumulate', tensor, bits(scale));
  }

  startAverage(tensor) {
    this.#call('start_average', tensor);
  }

  setTensorStepCount(tensor, count) {
    this.#call('set_tensor_step_count', tensor, count);
  }

  step(gradScale = 1) {
    const result = new Struct('apply_result');
    call('optimizer_step', this.handle.address, stepOptions(gradScale), result);
    return stepResult(result);
  }

  /** As step, on another thread. Until the promise settles, touch neither params nor gradients. */
  async stepAsync(gradScale = 1) {
    const result = new Struct('apply_result');
    await this.#callLater('optimizer_step', [stepOptions(gradScale), result]);
    return stepResult(result);
  }

  async #callLater(name, args) {
    const { address } = this.handle;
    this.handle.retain();
    try {
      await callAsync(name, [address, ...args], this.#tensors);
    } finally {
      this.handle.release();
    }
  }

  beginStep(gradScale = 1) {
    call('optimizer_begin_step', this.handle.address, stepOptions(gradScale));
    return new StepInParts({
      step: (tensor) => this.#call('step_tensor', tensor),
      stepLater: (tensor) =>
        this.#callLater('optimizer_step_tensor', [Tensor.indexOf(this, tensor)]),
      end: (result) => call('optimizer_end_step', this.handle.address, result),
    });
  }

  #array(tensor, arrayName) {
    const array = new Struct('array');
    const count = new BigUint64Array(1);
    this.#call('get_array', tensor, textBytes('array_name', arrayName), array, count);
    return { array, count: Number(count[0]) };
  }

  /** A copy of a tensor's array: "exp_avg". */
  read(tensor, arrayName) {
    const { array, count } = this.#array(tensor, arrayName);
    const values = new Float64Array(count);
    call('array_read', array, count, values);
    return values;
  }

  write(tensor, arrayName, numbers) {
    const { array, count } = this.#array(tensor, arrayName);
    const values = Float64Array.from(numbers);
    if (values.length !== count) {
      throw invalid(`there are ${values.length} values; ${arrayName} has ${count} elements`);
    }
    call('array_write', array, count, values);
  }

  scalar(tensor, name) {
    const value = new Float64Array(1);
    this.#call('get_scalar', tensor, textBytes('name', name), value);
    return value[0];
  }

  setScalar(tensor, name, value) {
    this.#call('set_scalar', tensor, textBytes('name', name), bits(value));
  }
}

// SPDX-License-Identifier: Apache-2.0
import { bits, call, callAsync, constants, Handle, invalid, Struct, textBytes } from './native.js';
import { Context } from './objects.js';

const dtypes = {
  float32: [constants.FLOAT32, Float32Array],
  float64: [constants.FLOAT64, Float64Array],
  bfloat16: [constants.BFLOAT16, Uint16Array],
  float16: [constants.FLOAT16, Uint16Array],
};
const slotDtypes = { '8bit': constants.S1E4M3_B256 };

function dtypeOf(what, name) {
  if (!Object.hasOwn(dtypes, name)) {
    throw invalid(
      `${what} is ${String(name)}; it must be one of ${Object.keys(dtypes).join(', ')}`,
    );
  }
  return dtypes[name];
}

// Shared memory can be neither transferred nor resized, so C may keep its address.
function allocate(Type, length) {
  return new Type(new SharedArrayBuffer(length * Type.BYTES_PER_ELEMENT));
}

function setFlags(struct, flags) {
  struct.set(
    'flags',
    Object.values(flags).reduce((all, flag) => all | BigInt(flag), 0n),
  );
}

function checkNames(what, given, known) {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw invalid(`there is no option ${name} of ${what}; there are ${known.join(', ')}`);
    }
  }
}

const optionFlags = {
  maxNorm: ['max_norm', constants.APPLY_MAX_NORM],
  maxValue: ['max_value', constants.APPLY_MAX_VALUE],
  averageDecay: ['average_decay', constants.APPLY_AVERAGE],
  checkFinite: [null, constants.APPLY_CHECK_FINITE],
  zeroGrad: [null, constants.APPLY_ZERO_GRAD],
  stochasticParams: [null, constants.APPLY_STOCHASTIC_PARAM],
  nearestSlots: [null, constants.APPLY_NEAREST_SLOTS],
};

function optimizerOptions(given) {
  checkNames('an optimizer', given, [...Object.keys(optionFlags), 'seed', 'context']);
  const options = new Struct('optimizer_options', { seed: given.seed ?? 0 });
  const flags = {};
  for (const [name, [field, flag]] of Object.entries(optionFlags)) {
    if (given[name] === undefined || given[name] === false) continue;
    flags[name] = flag;
    if (field !== null) options.set(field, given[name]);
  }
  setFlags(options, flags);
  return options;
}

const loadFlags = {
  params: constants.CHECKPOINT_PARAMS,
  partial: constants.CHECKPOINT_PARTIAL,
  keepSettings: constants.CHECKPOINT_KEEP_SETTINGS,
  anyGroup: constants.CHECKPOINT_ANY_GROUP,
  startMissing: constants.CHECKPOINT_START_MISSING,
};

function stepOptions(gradScale) {
  const flags = constants.STEP_GRAD_SCALE;
  return new Struct('step_options', { flags, grad_scale: gradScale });
}

function stepResult(result) {
  return {
    isSkipped: result.get('is_skipped') !== 0,
    isStopped: result.get('is_stopped') !== 0,
    gradNorm: result.get('grad_norm'),
    clipFactor: result.get('clip_factor'),
  };
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
export class Optimizer {
  #tensors = new Map(); // keeps their memory

  constructor(options = {}) {
    const raw = optimizerOptions(options);
    const context = (options.context ?? Context.shared).handle;
    const create = (into) => call('optimizer_create', context.address, raw, into);
    this.handle = new Handle(this, 'optimizer', create, context);
  }

  setOptions(options) {
    call('optimizer_set_options', this.handle.address, optimizerOptions(options));
  }

  addGroup(name, rule, options = {}) {
    checkNames('a group', options, ['schedule', 'slotDtype', 'maxNorm']);
    const { schedule, slotDtype, maxNorm } = options;
    const raw = new Struct('group_options', { rule: rule.handle.address });
    raw.set('name', name);
    if (schedule) raw.set('schedule', schedule.handle.address);
    if (slotDtype)
      raw.set('slot_dtype', slotDtypes[slotDtype] ?? dtypeOf('slotDtype', slotDtype)[0]);
    if (maxNorm !== undefined) {
      raw.set('max_norm', maxNorm);
      raw.set('flags', constants.GROUP_MAX_NORM);
    }
    const index = new BigUint64Array(1);
    call('optimizer_add_group', this.handle.address, raw, index);
    return Number(index[0]);
  }

  /** Adds a tensor with a copy of `param`, and a gradient of zeros. */
  add(group, name, param, options = {}) {
    checkNames('a tensor', options, ['dtype', 'gradDtype', 'rows', 'columns', 'average']);
    const isWide = param instanceof Float64Array;
    const { dtype = isWide ? 'float64' : 'float32', rows = 0, columns = 0 } = options;
    const [code, Type] = dtypeOf('dtype', dtype);
    const [gradCode, GradType] = dtypeOf('gradDtype', options.gradDtype ?? dtype);
    const arrays = { param: allocate(Type, param.length), grad: allocate(GradType, param.length) };
    arrays.param.set(param);
    const raw = new Struct('tensor', { count: param.length, rows, columns });
    raw.setArray('param', arrays.param, code);
    raw.setArray('grad', arrays.grad, gradCode);
    if (options.average) {
      const [averageCode, AverageType] = dtypes[dtype === 'float64' ? dtype : 'float32'];
      arrays.average = allocate(AverageType, param.length);
      raw.setArray('average', arrays.average, averageCode);
    }
    const text = textBytes('name', name);
    const index = new BigUint64Array(1);
    call('optimizer_add_tensor', this.handle.address, group, text, raw, index);
    const tensor = new Tensor(this, index[0], arrays);
    this.#tensors.set(index[0], tensor);
    return tensor;
  }

  remove(tensor) {
    const index = Tensor.indexOf(this, tensor);
    call('optimizer_remove_tensor', this.handle.address, index);
    this.#tensors.delete(index);
  }

  step(gradScale = 1) {
    const result = new Struct('apply_result');
    call('optimizer_step', this.handle.address, stepOptions(gradScale), result);
    return stepResult(result);
  }

  /** As step, on another thread. Until the promise settles, touch neither params nor gradients. */
  async stepAsync(gradScale = 1) {
    const result = new Struct('apply_result');
    const options = stepOptions(gradScale);
    const address = this.handle.address;
    this.handle.retain();
    try {
      const kept = [result, options, this.#tensors];
      await callAsync('optimizer_step', [address, options, result], kept);
    } finally {
      this.handle.release();
    }
    return stepResult(result);
  }

  setFrozen(tensor, isFrozen) {
    const index = Tensor.indexOf(this, tensor);
    call('optimizer_set_frozen', this.handle.address, index, isFrozen ? 1 : 0);
  }

  set(group, name, value) {
    const text = textBytes('name', name);
    call('optimizer_set_hyperparameter', this.handle.address, group, text, bits(value));
  }

  get(group, name) {
    const value = new Float64Array(1);
    const text = textBytes('name', name);
    call('optimizer_get_hyperparameter', this.handle.address, group, text, value);
    return value[0];
  }

  /** The learning rate of a group's next step. */
  lr(group) {
    const info = new Struct('group_info');
    call('optimizer_describe_group', this.handle.address, group, info);
    return info.get('lr');
  }

  get info() {
    const info = new Struct('optimizer_info');
    call('optimizer_describe', this.handle.address, info);
    return {
      groupCount: info.get('group_count'),
      tensorCount: info.get('tensor_count'),
      stepCount: info.get('step_count'),
      skippedCount: info.get('skipped_count'),
      stateBytes: info.get('state_bytes'),
    };
  }

  /** A copy of a tensor's array: "exp_avg". */
  read(tensor, arrayName) {
    const index = Tensor.indexOf(this, tensor);
    const array = new Struct('array');
    const count = new BigUint64Array(1);
    const text = textBytes('array_name', arrayName);
    call('optimizer_get_array', this.handle.address, index, text, array, count);
    const values = new Float64Array(Number(count[0]));
    call('array_read', array, count[0], values);
    return values;
  }

  save(path, { params = false } = {}) {
    call('optimizer_save', this.handle.address, textBytes('path', path), params ? 1 : 0);
  }

  saveBytes({ params = false } = {}) {
    const options = new Struct('save_options', { flags: params ? constants.CHECKPOINT_PARAMS : 0 });
    const size = new BigUint64Array(1);
    call('optimizer_save_to', this.handle.address, options, size);
    const bytes = new Uint8Array(Number(size[0]));
    options.set('memory', bytes);
    options.set('memory_size', bytes.length);
    call('optimizer_save_to', this.handle.address, options, size);
    return bytes.subarray(0, Number(size[0]));
  }

  /** from: a path, or the bytes of a checkpoint. */
  load(from, options = {}) {
    checkNames('a load', options, Object.keys(loadFlags));
    const raw = new Struct('load_options');
    setFlags(
      raw,
      Object.fromEntries(Object.entries(loadFlags).filter(([name]) => options[name] === true)),
    );
    if (from instanceof Uint8Array) {
      raw.set('memory', from.length > 0 ? from : new Uint8Array(1));
      raw.set('memory_size', from.length);
    } else {
      raw.set('path', from);
    }
    const result = new Struct('load_result');
    call('optimizer_load_from', this.handle.address, raw, result);
    return {
      loaded: result.get('loaded_count'),
      missing: result.get('missing_count'),
      extra: result.get('extra_count'),
    };
  }

  close() {
    this.handle.close();
  }
}

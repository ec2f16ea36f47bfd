// SPDX-License-Identifier: Apache-2.0
import { allocate, dtypeOf, dtypeOfArray, elementCount, slotDtypeCode } from './arrays.js';
import { call, constants, invalid, Struct, StructList, textBytes } from './native.js';
import { checkNames } from './options.js';

function initialScalars(rule, scope) {
  const text = textBytes('rule_name', rule.name);
  const values = [];
  for (const index of rule.info.scalars.keys()) {
    const info = new Struct('scalar_info');
    call('rule_describe_scalar', text, index, info);
    if (info.get('scope') !== scope) continue;
    const source = info.get('initial_hyperparameter');
    values.push(source === null ? info.get('initial_value') : rule.get(source));
  }
  return Float64Array.from(values);
}

/** The scalars that all tensors of a rule share, before the first step. */
export function sharedScalars(rule) {
  return initialScalars(rule, constants.SCOPE_ALL);
}

/** The state of one parameter, for `apply`: the slots and scalars of its rule. */
export class State {
  #rule;
  #version; // of the rule, when its layout was checked
  #count;
  #dtype;
  #slots;
  #raw; // the gradstep_tensor, but for the arrays of a call

  constructor(rule, param, options = {}) {
    checkNames('a state', options, ['dtype', 'rows', 'columns', 'slotDtype']);
    const { rows = 0, columns = 0, dtype, slotDtype } = options;
    const wanted = slotDtypeCode(slotDtype);
    this.#dtype = dtypeOfArray('param', param, dtype);
    const [code] = dtypeOf('dtype', this.#dtype);
    this.#rule = rule;
    this.#version = rule.version;
    this.#raw = new Struct('tensor', { rows, columns });
    this.#raw.setArray('param', [], code);
    this.#raw.setArray('grad', [], code);
    const scalars = initialScalars(rule, constants.SCOPE_TENSOR);
    this.scalars = allocate(Float64Array, scalars.length);
    this.scalars.set(scalars);
    Object.freeze(this);
    const slotCount = rule.info.slots.length;
    const { bytes, items } = new StructList('array', slotCount);
    this.#count = elementCount('param', param);
    this.#raw.set('count', this.#count);
    this.#slots = items.map((array, index) => this.#newSlot(array, index, wanted, param, code));
    if (slotCount > 0) this.#raw.set('slots', bytes);
    this.#raw.set('slot_count', slotCount);
    if (this.scalars.length > 0) this.#raw.set('scalars', this.scalars);
    this.#raw.set('scalar_count', this.scalars.length);
  }

  #layout(index, wanted) {
    const layout = new Struct('slot_layout');
    call('rule_slot_layout', this.#rule.handle.address, index, this.#raw, wanted, layout);
    return layout;
  }

  #newSlot(array, index, wanted, param, paramCode) {
    const layout = this.#layout(index, wanted);
    if (layout.get('is_used') !== 1) return { count: 0, bytes: 0 };
    const [count, bytes] = [layout.get('count'), layout.get('bytes')];
    const scaleBytes = layout.get('extra_bytes');
    array.set('dtype', layout.get('dtype'));
    if (bytes > 0) array.set('data', new Uint8Array(bytes));
    if (scaleBytes > 0) array.set('extra', new Uint8Array(scaleBytes));
    let values = null;
    if (layout.get('start') === constants.START_PARAM) {
      values = new Float64Array(count);
      const from = new Struct('array', { dtype: paramCode, data: param });
      call('array_read', from, count, values);
    } else if (layout.get('initial_value') !== 0) {
      values = new Float64Array(count).fill(layout.get('initial_value'));
    }
    if (values !== null) call('array_write', array, count, values);
    return { count, bytes: bytes + scaleBytes, array };
  }

  /** The number of elements of the param. */
  get count() {
    return this.#count;
  }

  get dtype() {
    return this.#dtype;
  }

  /** The memory of the slots. */
  get bytes() {
    return this.#slots.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The names of the slots that the rule used when the state was made. */
  get slots() {
    return this.#rule.info.slots.filter((_, index) => this.#slots[index].count > 0);
  }

  #find(name) {
    const slot = this.#slots[this.#rule.info.slots.indexOf(name)];
    if (slot?.array) return slot;
    throw invalid(`slot is ${String(name)}; the state has ${this.slots.join(', ') || 'none'}`);
  }

  read(name) {
    const { array, count } = this.#find(name);
    const values = new Float64Array(count);
    call('array_read', array, count, values);
    return values;
  }

  write(name, numbers) {
    const { array, count } = this.#find(name);
    const values = Float64Array.from(numbers);
    if (values.length !== count) {
      throw invalid(`there are ${values.length} values; ${name} has ${count} elements`);
    }
    call('array_write', array, count, values);
  }

  /** For apply alone: fails unless the rule finds every slot at its size. */
  check(rule) {
    if (rule.name !== this.#rule.name) {
      throw invalid(`the state is that of ${this.#rule.name}, and the rule is ${rule.name}`);
    }
    if (rule === this.#rule && rule.version === this.#version) return;
    this.#rule = rule;
    this.#slots.forEach(({ count }, index) => {
      const layout = this.#layout(index, 0);
      if (layout.get('is_used') !== 1 || layout.get('count') === count) return;
      throw invalid(
        `the state's ${rule.info.slots[index]} has ${count} elements, and ${rule.name} now needs ` +
          `${layout.get('count')}: its hyper-parameters have changed since the state was made`,
      );
    });
    this.#version = rule.version;
  }

  /** For apply alone: fills the struct of a tensor, but for the arrays of the call. */
  fill(tensor) {
    tensor.bytes.set(this.#raw.bytes);
    tensor.keep(this);
  }
}

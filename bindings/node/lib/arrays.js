// SPDX-License-Identifier: Apache-2.0
//
// Dtypes, and typed arrays of numbers in them.
import { constants, invalid } from './native.js';

const dtypes = {
  float32: [constants.FLOAT32, Float32Array],
  float64: [constants.FLOAT64, Float64Array],
  bfloat16: [constants.BFLOAT16, Uint16Array],
  float16: [constants.FLOAT16, Uint16Array],
};
const slotDtypes = { '8bit': constants.S1E4M3_B256 };

// A typed array's own properties, whatever a subclass says.
const prototype = Object.getPrototypeOf(Uint8Array.prototype);
const { get: kindOf } = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag);
const { get: lengthOf } = Object.getOwnPropertyDescriptor(prototype, 'length');

/** [code, type of array] of a dtype, or undefined. */
function find(name) {
  return Object.hasOwn(dtypes, name) ? dtypes[name] : undefined;
}

/** [code, type of array] of a dtype. */
export function dtypeOf(what, name) {
  const found = find(name);
  if (found) return found;
  throw invalid(`${what} is ${String(name)}; it must be one of ${Object.keys(dtypes).join(', ')}`);
}

/** The code of a dtype that is wanted for slots; 0: the type of the arithmetic. */
export function slotDtypeCode(name) {
  if (name === undefined) return 0;
  return Object.hasOwn(slotDtypes, name) ? slotDtypes[name] : dtypeOf('slotDtype', name)[0];
}

/** The name of the dtype of an average. */
export function averageDtype(paramDtype) {
  return paramDtype === 'float64' ? 'float64' : 'float32';
}

/** The name of the dtype of a typed array; `named`: as the caller says, or undefined. */
export function dtypeOfArray(what, array, named) {
  const kind = kindOf.call(array);
  const name = named ?? { Float32Array: 'float32', Float64Array: 'float64' }[kind];
  if (name !== undefined && dtypeOf(`${what}'s dtype`, name)[1].name === kind) return name;
  const given = kind ?? (array === null ? 'null' : typeof array);
  const wanted =
    named === undefined
      ? 'it must be a Float32Array, a Float64Array, or a Uint16Array whose dtype is given'
      : `its dtype is ${named}, so it must be a ${dtypes[named][1].name}`;
  throw invalid(`${what} is of type ${given}; ${wanted}`);
}

/** The number of elements. It is 0 once the buffer is transferred or has become too short. */
export function elementCount(what, array) {
  if (kindOf.call(array) !== undefined) return lengthOf.call(array);
  throw invalid(`${what} is ${String(array)}; it must be a typed array`);
}

/** Shared memory can be neither transferred nor resized, so C may keep its address. */
export function allocate(Type, length) {
  return new Type(new SharedArrayBuffer(length * Type.BYTES_PER_ELEMENT));
}

// SPDX-License-Identifier: Apache-2.0
//
// Calls of the C interface, and its structs.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
export const addon = require('node-gyp-build')(dirname(dirname(fileURLToPath(import.meta.url))));

// The library's own description of its interface.
const description = JSON.parse(readFileSync(new URL('gradstep.json', import.meta.url), 'utf8'));
export const constants = Object.fromEntries(
  description.constants.map(({ name, value }) => [name.replace('GRADSTEP_', ''), value]),
);
const structs = new Map(description.structs.map((of) => [of.name, of]));
const kinds = [
  'OK',
  'INVALID_ARGUMENT',
  'UNKNOWN_NAME',
  'OUT_OF_RANGE',
  'UNSUPPORTED',
  'OUT_OF_MEMORY',
  'INTERNAL',
  'BUSY',
  'WRONG_ORDER',
  'IO_ERROR',
  'CORRUPT',
  'MISMATCH',
];

/** A failed call. It has changed nothing. */
export class GradstepError extends Error {
  constructor(kind, message) {
    super(message);
    this.name = 'GradstepError';
    this.kind = kind;
  }
}

export function invalid(message) {
  return new GradstepError('INVALID_ARGUMENT', message);
}

/** The memory of a C struct, whose fields are properties. Texts and arrays that it points to stay. */
export class Struct {
  constructor(name, values = {}) {
    const { size, fields } = structs.get(`gradstep_${name}`);
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
    this.fields = new Map(fields.map((field) => [field.name, field]));
    this.kept = [];
    if (this.fields.has('struct_size')) this.set('struct_size', size);
    for (const [field, value] of Object.entries(values)) this.set(field, value);
  }

  get address() {
    return addon.addressOf(this.bytes);
  }

  /** value: a number, a bigint, a text, a typed array, or null. */
  set(name, value, offset = 0) {
    const field = this.fields.get(name);
    const at = field.offset + offset;
    if (field.type === 'double') this.view.setFloat64(at, value, true);
    else if (field.size === 4) this.view.setInt32(at, value, true);
    else this.view.setBigUint64(at, this.#word(name, value), true);
  }

  #word(name, value) {
    if (value === null) return 0n;
    if (typeof value === 'string') return addon.addressOf(this.keep(textBytes(name, value)));
    if (ArrayBuffer.isView(value)) return addon.addressOf(this.keep(value));
    return BigInt.asUintN(64, BigInt(value));
  }

  keep(value) {
    this.kept.push(value);
    return value;
  }

  get(name) {
    const { offset, type, size } = this.fields.get(name);
    if (type === 'double') return this.view.getFloat64(offset, true);
    if (type === 'const char*') return addon.textAt(this.view.getBigUint64(offset, true));
    if (size === 4) return this.view.getInt32(offset, true);
    return Number(this.view.getBigUint64(offset, true));
  }

  /** Sets a gradstep_array within the struct. */
  setArray(name, array, dtype) {
    const fields = structs.get('gradstep_array').fields;
    const offsetOf = (field) => fields.find((each) => each.name === field).offset;
    const at = this.fields.get(name).offset;
    this.view.setInt32(at + offsetOf('dtype'), dtype, true);
    if (array.length > 0) {
      this.view.setBigUint64(at + offsetOf('data'), addon.addressOf(this.keep(array)), true);
    }
  }
}

/** A text for C, whose argument has the name `what`. */
export function textBytes(what, text) {
  if (typeof text !== 'string') throw invalid(`${what} is ${String(text)}; it must be a text`);
  if (text.includes('\0')) throw invalid(`${what} contains a zero byte; none is allowed`);
  return new TextEncoder().encode(`${text}\0`);
}

const doubleBits = new BigUint64Array(1);
const double = new Float64Array(doubleBits.buffer);

/** A double as an argument. */
export function bits(x) {
  if (typeof x !== 'number') throw invalid(`a number is ${String(x)}; it must be a number`);
  double[0] = x;
  return doubleBits[0];
}

// An argument: a bigint, a whole number, a struct, a typed array. What it points to must stay alive.
function word(value) {
  if (typeof value === 'bigint') return value;
  if (value instanceof Struct) return value.address;
  if (ArrayBuffer.isView(value)) return addon.addressOf(value);
  if (!Number.isSafeInteger(value)) throw invalid(`an index or count is ${String(value)}`);
  return BigInt.asUintN(64, BigInt(value));
}

function check({ status, sentence }) {
  if (status !== 0) throw new GradstepError(kinds[status] ?? 'INTERNAL', sentence);
}

/** Calls a function of the C interface without "gradstep_". */
export function call(name, ...args) {
  check(addon.call(`gradstep_${name}`, BigUint64Array.from(args, word)));
}

/** As call, on another thread. `kept`: what must stay alive until then. */
export async function callAsync(name, args, kept) {
  check(await addon.callAsync(`gradstep_${name}`, BigUint64Array.from(args, word), { args, kept }));
}

const registry = new FinalizationRegistry((release) => release());

/** An object of the library's: destroyed when it is closed, or when nobody has the owner any more. */
export class Handle {
  #address;
  #what;
  #isClosed = false;
  #users = 0;
  #needed;

  constructor(owner, what, create, needed = null) {
    const into = new BigUint64Array(1);
    create(into);
    [this.#address] = into;
    this.#what = what;
    this.#needed = needed;
    needed?.retain();
    registry.register(owner, () => this.close(), this);
  }

  /** The address, for a call that ends before anything else runs. */
  get address() {
    if (this.#isClosed) throw new GradstepError('CLOSED', `the ${this.#what} is closed`);
    return this.#address;
  }

  retain() {
    this.#users += 1;
  }

  release() {
    this.#users -= 1;
    this.#destroyUnused();
  }

  close() {
    this.#isClosed = true;
    registry.unregister(this);
    this.#destroyUnused();
  }

  #destroyUnused() {
    if (!this.#isClosed || this.#users > 0 || this.#address === 0n) return;
    addon.destroy(this.#what, this.#address);
    this.#address = 0n;
    this.#needed?.release();
  }
}

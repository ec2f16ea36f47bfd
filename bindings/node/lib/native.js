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
const structs = new Map(
  description.structs.map(({ name, size, fields }) => [
    name,
    { size, fields: new Map(fields.map((field) => [field.name, field])) },
  ]),
);
const arrayFields = structs.get('gradstep_array').fields;
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

/** The text at an address that a call has written, or null. */
export function textAt(into) {
  return addon.textAt(into[0]);
}

/** The memory of a C struct, whose fields are properties. Texts and arrays that it points to stay. */
export class Struct {
  /** bytes: where the struct is to be; otherwise in memory of its own. */
  constructor(name, values = {}, bytes = null) {
    const { size, fields } = structs.get(`gradstep_${name}`);
    this.bytes = bytes ?? new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
    this.fields = fields;
    this.kept = [];
    if (this.fields.has('struct_size')) this.set('struct_size', size);
    for (const [field, value] of Object.entries(values)) this.set(field, value);
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
    return wholeNumber(name, value);
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
    const at = this.fields.get(name).offset;
    this.view.setInt32(at + arrayFields.get('dtype').offset, dtype, true);
    if (array.length > 0) {
      const data = addon.addressOf(this.keep(array));
      this.view.setBigUint64(at + arrayFields.get('data').offset, data, true);
    }
  }
}

/** A text for C, whose argument has the name `what`. */
export function textBytes(what, text) {
  if (typeof text !== 'string') throw invalid(`${what} is ${String(text)}; it must be a text`);
  if (text.includes('\0')) throw invalid(`${what} contains a zero byte; none is allowed`);
  return new TextEncoder().encode(`${text}\0`);
}

/** Structs that follow each other in memory. */
export class StructList {
  constructor(name, count) {
    const { size } = structs.get(`gradstep_${name}`);
    this.bytes = new Uint8Array(size * count);
    const part = (index) => this.bytes.subarray(index * size, (index + 1) * size);
    this.items = Array.from({ length: count }, (_, index) => new Struct(name, {}, part(index)));
  }
}

/** A whole number as 64 bits. */
export function wholeNumber(what, value) {
  if (typeof value === 'bigint') return BigInt.asUintN(64, value);
  if (Number.isSafeInteger(value)) return BigInt.asUintN(64, BigInt(value));
  throw invalid(`${what} is ${String(value)}; it must be a whole number`);
}

const doubleBits = new BigUint64Array(1);
const double = new Float64Array(doubleBits.buffer);

/** A double as an argument. */
export function bits(x) {
  if (typeof x !== 'number') throw invalid(`a number is ${String(x)}; it must be a number`);
  double[0] = x;
  return doubleBits[0];
}

// An argument: a bigint, a whole number, structs, a typed array. What it points to must stay alive.
function word(value) {
  if (typeof value === 'bigint') return value;
  if (value instanceof Struct || value instanceof StructList) return addon.addressOf(value.bytes);
  if (ArrayBuffer.isView(value)) return addon.addressOf(value);
  return wholeNumber('an index or count', value);
}

function check({ status, sentence }) {
  if (status !== 0) throw new GradstepError(kinds[status] ?? 'INTERNAL', sentence);
}

/** Calls a function of the C interface without "gradstep_". */
export function call(name, ...args) {
  // The third argument keeps alive what the second one points to.
  check(addon.call(`gradstep_${name}`, BigUint64Array.from(args, word), args));
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

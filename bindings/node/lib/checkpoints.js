// SPDX-License-Identifier: Apache-2.0
import { elementCount } from './arrays.js';
import { call, constants, Struct, textAt, textBytes } from './native.js';
import { checkNames, flagBits } from './options.js';
import { Settings } from './settings.js';

const loadFlags = {
  params: constants.CHECKPOINT_PARAMS,
  partial: constants.CHECKPOINT_PARTIAL,
  keepSettings: constants.CHECKPOINT_KEEP_SETTINGS,
  anyGroup: constants.CHECKPOINT_ANY_GROUP,
  startMissing: constants.CHECKPOINT_START_MISSING,
};

/** The part of an optimizer that saves and loads. */
export class Checkpoints extends Settings {
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
    const wanted = Object.entries(loadFlags).filter(([name]) => options[name] === true);
    raw.set('flags', flagBits(wanted.map(([, flag]) => flag)));
    if (from instanceof Uint8Array) {
      const size = elementCount('from', from);
      raw.set('memory', size > 0 ? from : new Uint8Array(1));
      raw.set('memory_size', size);
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

  setNote(name, text) {
    const value = text === null ? 0n : textBytes('text', text);
    call('optimizer_set_note', this.handle.address, textBytes('name', name), value);
  }

  note(name) {
    const into = new BigUint64Array(1);
    call('optimizer_get_note', this.handle.address, textBytes('name', name), into);
    return textAt(into);
  }

  get noteNames() {
    const count = new BigUint64Array(1);
    call('optimizer_note_count', this.handle.address, count);
    return Array.from({ length: Number(count[0]) }, (_, index) => {
      const [name, text] = [new BigUint64Array(1), new BigUint64Array(1)];
      call('optimizer_note_at', this.handle.address, index, name, text);
      return textAt(name);
    });
  }
}

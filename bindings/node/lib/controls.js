// SPDX-License-Identifier: Apache-2.0
//
// What changes from step to step by itself: the loss scale, and a rate that a metric lowers.
import { bits, call, Struct } from './native.js';
import { allFields, setFields } from './options.js';

/** A dynamic loss scale. */
export class LossScaler {
  constructor(values = {}) {
    this.raw = new Struct('loss_scaler');
    call('loss_scaler_init', this.raw);
    setFields('a loss scaler', this.raw, values);
  }

  get scale() {
    return this.raw.get('scale');
  }

  get values() {
    return allFields(this.raw);
  }

  update(isSkipped) {
    call('loss_scaler_update', this.raw, isSkipped ? 1 : 0);
  }
}

/** A learning rate that is lowered when a metric stops improving. */
export class Plateau {
  constructor(lr, values = {}) {
    this.raw = new Struct('plateau');
    call('plateau_init', this.raw, bits(lr));
    if (values.maximizes) this.raw.set('best', -Infinity);
    setFields('a plateau', this.raw, values);
  }

  get lr() {
    return this.raw.get('lr');
  }

  get values() {
    return allFields(this.raw);
  }

  report(metric) {
    const isReduced = new Int32Array(1);
    call('plateau_report', this.raw, bits(metric), isReduced);
    return isReduced[0] === 1;
  }
}

// SPDX-License-Identifier: Apache-2.0
import { slotDtypeCode } from './arrays.js';
import { LossScaler, Plateau } from './controls.js';
import { bits, call, constants, Handle, Struct, textBytes } from './native.js';
import { Context } from './objects.js';
import { checkNames, optimizerOptions } from './options.js';

/** The part of an optimizer that knows its groups, its settings and its counts. */
export class Settings {
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
    checkNames('a group', options, ['schedule', 'slotDtype', 'maxNorm', 'lrScale']);
    const { schedule, slotDtype, maxNorm, lrScale } = options;
    const raw = new Struct('group_options', { rule: rule.handle.address });
    raw.set('name', name);
    if (schedule) raw.set('schedule', schedule.handle.address);
    raw.set('slot_dtype', slotDtypeCode(slotDtype));
    let flags = 0;
    if (maxNorm !== undefined) {
      raw.set('max_norm', maxNorm);
      flags |= constants.GROUP_MAX_NORM;
    }
    if (lrScale !== undefined) {
      raw.set('lr_scale', lrScale);
      flags |= constants.GROUP_LR_SCALE;
    }
    raw.set('flags', flags);
    const index = new BigUint64Array(1);
    call('optimizer_add_group', this.handle.address, raw, index);
    return Number(index[0]);
  }

  removeGroup(group) {
    call('optimizer_remove_group', this.handle.address, group);
  }

  findGroup(name) {
    const index = new BigUint64Array(1);
    call('optimizer_find_group', this.handle.address, textBytes('name', name), index);
    return Number(index[0]);
  }

  groupInfo(group) {
    const info = new Struct('group_info');
    call('optimizer_describe_group', this.handle.address, group, info);
    return {
      name: info.get('name'),
      rule: info.get('rule_name'),
      schedule: info.get('schedule_name'),
      tensorCount: info.get('tensor_count'),
      lr: info.get('lr'),
      lrScale: info.get('lr_scale'),
      gradNorm: info.get('grad_norm'),
    };
  }

  /** The learning rate of a group's next step. */
  lr(group) {
    return this.groupInfo(group).lr;
  }

  set(group, name, value) {
    const text = textBytes('name', name);
    call('optimizer_set_hyperparameter', this.handle.address, group, text, bits(Number(value)));
  }

  get(group, name) {
    const value = new Float64Array(1);
    const text = textBytes('name', name);
    call('optimizer_get_hyperparameter', this.handle.address, group, text, value);
    return value[0];
  }

  setSchedule(group, schedule) {
    const address = schedule === null ? 0n : schedule.handle.address;
    call('optimizer_set_schedule', this.handle.address, group, address);
  }

  setPlateau(group, plateau) {
    call('optimizer_set_plateau', this.handle.address, group, plateau === null ? 0n : plateau.raw);
  }

  plateau(group) {
    const plateau = new Plateau(0);
    call('optimizer_get_plateau', this.handle.address, group, plateau.raw);
    return plateau;
  }

  reportMetric(metric) {
    const count = new BigUint64Array(1);
    call('optimizer_report_metric', this.handle.address, bits(metric), count);
    return Number(count[0]);
  }

  setGroupMaxNorm(group, norm) {
    call('optimizer_set_group_max_norm', this.handle.address, group, bits(norm ?? 0));
  }

  setLossScaler(scaler) {
    call('optimizer_set_loss_scaler', this.handle.address, scaler === null ? 0n : scaler.raw);
  }

  get lossScaler() {
    const scaler = new LossScaler();
    call('optimizer_get_loss_scaler', this.handle.address, scaler.raw);
    return scaler;
  }

  /** Makes a transform of the rule for a group: "evaluate" of schedule_free_adamw. */
  transform(group, name) {
    call('optimizer_transform', this.handle.address, group, textBytes('name', name));
  }

  setStepCount(count) {
    call('optimizer_set_step_count', this.handle.address, count);
  }

  get info() {
    const info = new Struct('optimizer_info');
    call('optimizer_describe', this.handle.address, info);
    return {
      groupCount: info.get('group_count'),
      tensorCount: info.get('tensor_count'),
      stepCount: info.get('step_count'),
      skippedCount: info.get('skipped_count'),
      gradNorm: info.get('grad_norm'),
      stateBytes: info.get('state_bytes'),
    };
  }

  close() {
    this.handle.close();
  }
}

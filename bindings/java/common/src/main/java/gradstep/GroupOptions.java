// SPDX-License-Identifier: Apache-2.0
package gradstep;

/**
 * What a group is made of. Rule and schedule are copied.
 *
 * @param rule its lr is the base rate of the schedule
 * @param schedule null: a constant rate
 * @param slotDType the dtype that is wanted for slots; null: that of the arithmetic
 * @param maxNorm clips the group by the norm of its own gradients; 0: it does not
 * @param lrScale multiplies the schedule's rate
 */
public record GroupOptions(
    Rule rule, Schedule schedule, DType slotDType, double maxNorm, double lrScale) {
  /** A group with a constant rate. */
  public GroupOptions(Rule rule) {
    this(rule, null, null, 0, 1);
  }

  /** The course of the learning rate. */
  public GroupOptions schedule(Schedule schedule) {
    return new GroupOptions(rule, schedule, slotDType, maxNorm, lrScale);
  }

  /** The dtype that is wanted for slots. */
  public GroupOptions slotDType(DType dtype) {
    return new GroupOptions(rule, schedule, dtype, maxNorm, lrScale);
  }

  /** Clips the group by the norm of its own gradients. */
  public GroupOptions maxNorm(double norm) {
    return new GroupOptions(rule, schedule, slotDType, norm, lrScale);
  }

  /** Multiplies the schedule's rate. */
  public GroupOptions lrScale(double factor) {
    return new GroupOptions(rule, schedule, slotDType, maxNorm, factor);
  }

  /** Without rule and schedule, whose addresses it does not know. */
  Block in(Scope scope, String name) {
    Block raw = scope.struct(C.gradstep_group_options.SIZE);
    raw.set(C.gradstep_group_options.name, scope.text("name", name));
    raw.set(C.gradstep_group_options.slot_dtype, slotDType == null ? 0 : slotDType.code);
    raw.set(C.gradstep_group_options.lr_scale, lrScale);
    raw.set(C.gradstep_group_options.max_norm, maxNorm);
    int flags = C.GROUP_LR_SCALE | (maxNorm == 0 ? 0 : C.GROUP_MAX_NORM);
    raw.set(C.gradstep_group_options.flags, flags);
    return raw;
  }
}

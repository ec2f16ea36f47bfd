// SPDX-License-Identifier: Apache-2.0
package gradstep;

/**
 * What a group is made of. Rule and schedule are copied.
 *
 * @param rule its lr is the base rate of the schedule
 * @param schedule null: a constant rate
 * @param slotDType the dtype that is wanted for slots; null: that of the arithmetic
 * @param maxNorm clips the group by the norm of its own gradients; 0: it does not
 */
public record GroupOptions(Rule rule, Schedule schedule, DType slotDType, double maxNorm) {
  /** A group with a constant rate. */
  public GroupOptions(Rule rule) {
    this(rule, null, null, 0);
  }

  /** The course of the learning rate. */
  public GroupOptions schedule(Schedule schedule) {
    return new GroupOptions(rule, schedule, slotDType, maxNorm);
  }

  /** The dtype that is wanted for slots. */
  public GroupOptions slotDType(DType dtype) {
    return new GroupOptions(rule, schedule, dtype, maxNorm);
  }

  /** Clips the group by the norm of its own gradients. */
  public GroupOptions maxNorm(double norm) {
    return new GroupOptions(rule, schedule, slotDType, norm);
  }
}

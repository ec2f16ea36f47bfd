// SPDX-License-Identifier: Apache-2.0
package gradstep;

/**
 * What steps with and without an optimizer can do.
 *
 * @param <T> the subclass
 */
abstract sealed class StepFlags<T extends StepFlags<T>> permits StepOptions, OptimizerOptions {
  long flags;
  double maxNorm;
  double maxValue;
  double averageDecay;
  long seed;

  StepFlags() {}

  abstract T self();

  /** Clips by the global norm of all gradients of a step, after scaling. */
  public T maxNorm(double norm) {
    maxNorm = norm;
    return flag(C.APPLY_MAX_NORM);
  }

  /** Clips each element of the scaled gradients. */
  public T maxValue(double value) {
    maxValue = value;
    return flag(C.APPLY_MAX_VALUE);
  }

  /** Moves the averages towards the new params by 1 - decay. */
  public T averageDecay(double decay) {
    averageDecay = decay;
    return flag(C.APPLY_AVERAGE);
  }

  /** The averages are means of all params. */
  public T equalAverage() {
    return flag(C.APPLY_AVERAGE | C.APPLY_AVERAGE_EQUAL);
  }

  /** Skips steps in which a gradient is not finite. */
  public T checkFinite() {
    return flag(C.APPLY_CHECK_FINITE);
  }

  /** Steps zero the gradients. */
  public T zeroGrad() {
    return flag(C.APPLY_ZERO_GRAD);
  }

  /** Rounds 16-bit params stochastically. */
  public T stochasticParams() {
    return flag(C.APPLY_STOCHASTIC_PARAM);
  }

  /** Rounds narrow slots to nearest instead of stochastically. */
  public T nearestSlots() {
    return flag(C.APPLY_NEAREST_SLOTS);
  }

  /** The seed of stochastic rounding. */
  public T seed(long seed) {
    this.seed = seed;
    return self();
  }

  T flag(long flag) {
    flags |= flag;
    return self();
  }
}

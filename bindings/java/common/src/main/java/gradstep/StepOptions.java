// SPDX-License-Identifier: Apache-2.0
package gradstep;

/** The options of one step without an optimizer: {@link Stateless#apply}. */
public final class StepOptions extends StepFlags<StepOptions> {
  private final long step;
  private double gradScale;
  double[] shared = {};

  private StepOptions(long step) {
    this.step = step;
  }

  /** Step t of the formulas, counted from 1. */
  public static StepOptions step(long t) {
    return new StepOptions(t);
  }

  /** Multiplies each gradient: 1 / loss scale, for example. */
  public StepOptions gradScale(double factor) {
    gradScale = factor;
    return flag(C.APPLY_GRAD_SCALE);
  }

  /** A slot that no step has used yet is used from this step on: momentum that is switched on. */
  public StepOptions freshSlots() {
    return flag(C.APPLY_FRESH_SLOTS);
  }

  /**
   * The scalars that all parameters share, which the step changes: {@link State#sharedScalars}. Prodigy
   * has them.
   */
  public StepOptions shared(double[] scalars) {
    shared = scalars;
    return this;
  }

  @Override
  StepOptions self() {
    return this;
  }

  boolean zeroesGrads() {
    return (flags & C.APPLY_ZERO_GRAD) != 0;
  }

  Block in(Scope scope, Block scalars) {
    Block raw = scope.struct(C.gradstep_apply_options.SIZE);
    raw.set(C.gradstep_apply_options.flags, flags);
    raw.set(C.gradstep_apply_options.step, step);
    raw.set(C.gradstep_apply_options.grad_scale, gradScale);
    raw.set(C.gradstep_apply_options.max_norm, maxNorm);
    raw.set(C.gradstep_apply_options.max_value, maxValue);
    raw.set(C.gradstep_apply_options.average_decay, averageDecay);
    raw.set(C.gradstep_apply_options.seed, seed);
    if (shared.length > 0) {
      raw.set(C.gradstep_apply_options.scalars, scalars.address());
      raw.set(C.gradstep_apply_options.scalar_count, (long) shared.length);
    }
    return raw;
  }
}

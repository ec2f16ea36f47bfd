// SPDX-License-Identifier: Apache-2.0
package gradstep;

/** The options of all steps of an optimizer. */
public final class OptimizerOptions extends StepFlags<OptimizerOptions> {
  /** No clipping, no average. */
  public OptimizerOptions() {}

  @Override
  OptimizerOptions self() {
    return this;
  }

  Block in(Scope scope) {
    Block raw = scope.struct(C.gradstep_optimizer_options.SIZE);
    raw.set(C.gradstep_optimizer_options.flags, flags);
    raw.set(C.gradstep_optimizer_options.max_norm, maxNorm);
    raw.set(C.gradstep_optimizer_options.max_value, maxValue);
    raw.set(C.gradstep_optimizer_options.average_decay, averageDecay);
    raw.set(C.gradstep_optimizer_options.seed, seed);
    return raw;
  }
}

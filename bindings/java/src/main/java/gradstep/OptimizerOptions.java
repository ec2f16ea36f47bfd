// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The options of all steps of an optimizer. */
public final class OptimizerOptions {
  private long flags;
  private double maxNorm;
  private double maxValue;
  private double averageDecay;
  private long seed;

  /** No clipping, no average. */
  public OptimizerOptions() {}

  /** Clips by the global norm of all gradients of a step. */
  public OptimizerOptions maxNorm(double norm) {
    maxNorm = norm;
    return flag(C.APPLY_MAX_NORM);
  }

  /** Clips each element of the gradients. */
  public OptimizerOptions maxValue(double value) {
    maxValue = value;
    return flag(C.APPLY_MAX_VALUE);
  }

  /** Moves the averages of tensors that have one. */
  public OptimizerOptions averageDecay(double decay) {
    averageDecay = decay;
    return flag(C.APPLY_AVERAGE);
  }

  /** Skips steps in which a gradient is not finite. */
  public OptimizerOptions checkFinite() {
    return flag(C.APPLY_CHECK_FINITE);
  }

  /** Steps zero the gradients. */
  public OptimizerOptions zeroGrad() {
    return flag(C.APPLY_ZERO_GRAD);
  }

  /** Rounds 16-bit params stochastically. */
  public OptimizerOptions stochasticParams() {
    return flag(C.APPLY_STOCHASTIC_PARAM);
  }

  /** The seed of stochastic rounding. */
  public OptimizerOptions seed(long seed) {
    this.seed = seed;
    return this;
  }

  private OptimizerOptions flag(long flag) {
    flags |= flag;
    return this;
  }

  MemorySegment in(Arena arena) {
    MemorySegment raw = Native.struct(arena, C.gradstep_optimizer_options.SIZE);
    Native.set(raw, C.gradstep_optimizer_options.flags, flags);
    Native.set(raw, C.gradstep_optimizer_options.max_norm, maxNorm);
    Native.set(raw, C.gradstep_optimizer_options.max_value, maxValue);
    Native.set(raw, C.gradstep_optimizer_options.average_decay, averageDecay);
    Native.set(raw, C.gradstep_optimizer_options.seed, seed);
    return raw;
  }
}

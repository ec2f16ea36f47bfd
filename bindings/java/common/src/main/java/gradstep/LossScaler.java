// SPDX-License-Identifier: Apache-2.0
package gradstep;

/**
 * A factor of the loss that keeps small gradients in the range of a 16-bit dtype: it grows and shrinks with
 * the steps. An optimizer that has one ({@link Optimizer#setLossScaler}) uses a copy. In stateless steps,
 * multiply the loss by {@link #scale}, step with {@code gradScale(1 / scale)} and {@code checkFinite()},
 * then call {@link #update}.
 */
public final class LossScaler {
  private final Block raw = Block.automatic(C.gradstep_loss_scaler.SIZE);

  /** PyTorch's defaults: scale 65536, growth factor 2 after 2000 steps, backoff factor 0.5. */
  public LossScaler() {
    raw.set(C.gradstep_loss_scaler.struct_size, C.gradstep_loss_scaler.SIZE);
    Library.call("gradstep_loss_scaler_init", raw.address());
  }

  /** The present scale. */
  public synchronized double scale() {
    return raw.getDouble(C.gradstep_loss_scaler.scale);
  }

  /** Sets the scale. */
  public synchronized LossScaler scale(double scale) {
    raw.set(C.gradstep_loss_scaler.scale, scale);
    return this;
  }

  /** Multiplies the scale after an interval without a skipped step: at least 1. */
  public synchronized LossScaler growthFactor(double factor) {
    raw.set(C.gradstep_loss_scaler.growth_factor, factor);
    return this;
  }

  /** The steps after which the scale grows: at least 1. */
  public synchronized LossScaler growthInterval(long steps) {
    raw.set(C.gradstep_loss_scaler.growth_interval, steps);
    return this;
  }

  /** Multiplies the scale after a skipped step: between 0 and 1. */
  public synchronized LossScaler backoffFactor(double factor) {
    raw.set(C.gradstep_loss_scaler.backoff_factor, factor);
    return this;
  }

  /** Call it after each stateless step, with the step's isSkipped. */
  public synchronized void update(boolean isSkipped) {
    Library.call("gradstep_loss_scaler_update", raw.address(), isSkipped ? 1 : 0);
  }

  /** To be used within synchronized (this). */
  long address() {
    return raw.address();
  }
}

// SPDX-License-Identifier: Apache-2.0
package gradstep;

/** A learning rate that is lowered when a metric no longer improves: {@link Optimizer#setPlateau}. */
public final class Plateau {
  private final Block raw = Block.automatic(C.gradstep_plateau.SIZE);

  /** PyTorch's defaults, with this first rate. */
  public Plateau(double lr) {
    raw.set(C.gradstep_plateau.struct_size, C.gradstep_plateau.SIZE);
    Library.call("gradstep_plateau_init", raw.address(), Library.bits(lr));
  }

  /** Multiplies the rate: between 0 and 1. */
  public synchronized Plateau factor(double factor) {
    raw.set(C.gradstep_plateau.factor, factor);
    return this;
  }

  /** How many reports in a row without improvement change nothing. */
  public synchronized Plateau patience(long reports) {
    raw.set(C.gradstep_plateau.patience, reports);
    return this;
  }

  /** How many reports after a reduction do not count as bad. */
  public synchronized Plateau cooldown(long reports) {
    raw.set(C.gradstep_plateau.cooldown, reports);
    return this;
  }

  /** What counts as an improvement: a fraction of the best metric or, if isAbsolute, a difference. */
  public synchronized Plateau threshold(double threshold, boolean isAbsolute) {
    raw.set(C.gradstep_plateau.threshold, threshold);
    raw.set(C.gradstep_plateau.is_absolute, isAbsolute ? 1 : 0);
    return this;
  }

  /** The rate is never below this. */
  public synchronized Plateau minLr(double lr) {
    raw.set(C.gradstep_plateau.min_lr, lr);
    return this;
  }

  /** A larger metric is better. Call it before the first report. */
  public synchronized Plateau maximizes() {
    raw.set(C.gradstep_plateau.maximizes, 1);
    raw.set(C.gradstep_plateau.best, Double.NEGATIVE_INFINITY);
    return this;
  }

  /** The present rate. */
  public synchronized double lr() {
    return raw.getDouble(C.gradstep_plateau.lr);
  }

  /** Reports a metric; true: the rate was lowered. */
  public synchronized boolean report(double metric) {
    try (Scope scope = new Scope()) {
      Block isReduced = scope.block(8);
      long bits = Library.bits(metric);
      Library.call(scope, "gradstep_plateau_report", raw.address(), bits, isReduced.address());
      return isReduced.getInt(0) != 0;
    }
  }

  /** To be used within synchronized (this). */
  long address() {
    return raw.address();
  }
}

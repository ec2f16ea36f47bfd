// SPDX-License-Identifier: Apache-2.0
package gradstep;

/**
 * A step that is made tensor by tensor: {@link Optimizer#beginStep}. Closing it ends it; tensors that were
 * not stepped are left out. Until it ends, other calls on the optimizer fail with the kind WRONG_ORDER, but
 * not accumulate, setHasGrad, info and those that find or read.
 */
public final class StepInParts implements AutoCloseable {
  private final Optimizer optimizer;
  private boolean isOver;

  StepInParts(Optimizer optimizer) {
    this.optimizer = optimizer;
  }

  /** Steps one tensor, once, from any thread. */
  public void step(Tensor tensor) {
    optimizer.callOptimizer("step_tensor", optimizer.indexOf(tensor));
  }

  /** Ends the step, after the calls of step, and tells whether tensors were left out. */
  public synchronized StepResult end() {
    try (Scope scope = new Scope()) {
      Block result = scope.struct(C.gradstep_apply_result.SIZE);
      optimizer.callOptimizer(scope, "end_step", result.address());
      isOver = true;
      return StepResult.of(result);
    }
  }

  @Override
  public synchronized void close() {
    if (!isOver) {
      end();
    }
  }
}

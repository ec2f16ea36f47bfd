// SPDX-License-Identifier: Apache-2.0
package gradstep;

/**
 * Parameters in groups, with their state, step counts and learning rates. Any threads may call it; calls
 * wait for each other.
 */
public final class Optimizer extends OptimizerState {
  /** An optimizer without options on the process's context. */
  public Optimizer() {
    this(Context.shared(), new OptimizerOptions());
  }

  /** An optimizer without groups. */
  public Optimizer(Context context, OptimizerOptions options) {
    try (Scope scope = new Scope()) {
      long raw = options.in(scope).address();
      String call = "gradstep_optimizer_create";
      handle =
          Handle.create(
              this,
              "optimizer",
              new Handle.Needs(context.handle, memory, () -> {}),
              (needed, into) -> Library.call(scope, call, needed, raw, into));
    }
  }

  /** Adds a group, whose name no other group has; gives its index. */
  public long addGroup(String name, GroupOptions options) {
    try (Scope scope = new Scope()) {
      Block raw = options.in(scope, name);
      Block index = scope.block(8);
      options
          .rule()
          .use(
              rule -> {
                raw.set(C.gradstep_group_options.rule, rule);
                if (options.schedule() == null) {
                  addGroup(scope, raw, index);
                  return;
                }
                options
                    .schedule()
                    .use(
                        schedule -> {
                          raw.set(C.gradstep_group_options.schedule, schedule);
                          addGroup(scope, raw, index);
                        });
              });
      return index.getLong(0);
    }
  }

  private void addGroup(Scope scope, Block raw, Block index) {
    callOptimizer(scope, "add_group", raw.address(), index.address());
  }

  /** Adds a tensor, whose name no other tensor has, and gives it back. It can be in one optimizer. */
  public Tensor add(long group, String name, Tensor tensor) {
    synchronized (tensor) {
      if (tensor.optimizer != null) {
        throw GradstepException.invalid("the tensor is in an optimizer already");
      }
      try (Scope scope = new Scope()) {
        Block raw = scope.struct(C.gradstep_tensor.SIZE);
        tensor.putIn(raw);
        long text = scope.text("name", name);
        Block index = scope.block(8);
        callOptimizer(scope, "add_tensor", group, text, raw.address(), index.address());
        tensor.index = index.getLong(0);
      }
      tensor.optimizer = this;
      tensors.put(tensor.index, tensor);
      memory.put(tensor.index, tensor.memory());
      return tensor;
    }
  }

  /** Removes a tensor; its name is free again. */
  public void remove(Tensor tensor) {
    synchronized (tensor) {
      long index = indexOf(tensor);
      callOptimizer("remove_tensor", index);
      tensor.optimizer = null;
      tensors.remove(index);
      memory.remove(index);
    }
  }

  /** Steps every tensor that has a gradient and is not frozen. */
  public StepResult step() {
    return step(1);
  }

  /** As step; the factor multiplies each gradient. */
  public StepResult step(double gradScale) {
    try (Scope scope = new Scope()) {
      Block raw = scope.struct(C.gradstep_step_options.SIZE);
      raw.set(C.gradstep_step_options.flags, C.STEP_GRAD_SCALE);
      raw.set(C.gradstep_step_options.grad_scale, gradScale);
      Block result = scope.struct(C.gradstep_apply_result.SIZE);
      callOptimizer(scope, "step", raw.address(), result.address());
      return StepResult.of(result);
    }
  }

  /**
   * Begins a step that is made tensor by tensor, each as soon as its gradient is ready, on any threads. Its
   * bits are those of {@link #step()}. Options that need all gradients before the first tensor is stepped
   * (maxNorm, checkFinite, a loss scaler) are refused with the kind WRONG_ORDER.
   */
  public StepInParts beginStep() {
    callOptimizer("begin_step", 0);
    return new StepInParts(this);
  }

  /** Destroys the optimizer, after the calls that use it. */
  @Override
  public void close() {
    super.close();
  }
}

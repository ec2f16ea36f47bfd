// SPDX-License-Identifier: Apache-2.0
package gradstep;

/** The arrays and single numbers of an optimizer's tensors. */
abstract sealed class OptimizerArrays extends OptimizerSettings permits OptimizerState {
  OptimizerArrays() {}

  /** An array of a tensor, by the library's description. */
  private interface ArrayCall<T> {
    T call(Block array, long count);
  }

  private <T> T withArray(Scope scope, Tensor tensor, String arrayName, ArrayCall<T> body) {
    long index = indexOf(tensor);
    long text = scope.text("array_name", arrayName);
    Block array = scope.block(C.gradstep_array.SIZE);
    Block count = scope.block(8);
    return with(
        h -> {
          String call = "gradstep_optimizer_get_array";
          Library.call(scope, call, h, index, text, array.address(), count.address());
          return body.call(array, count.getLong(0));
        });
  }

  /**
   * A copy of a tensor's array: a slot ("exp_avg"), "param", "average" or "accumulated_grad". Call it while
   * no step runs.
   */
  public double[] read(Tensor tensor, String arrayName) {
    try (Scope scope = new Scope()) {
      return withArray(
          scope,
          tensor,
          arrayName,
          (array, count) -> {
            Block values = scope.block(8 * count);
            Library.call(scope, "gradstep_array_read", array.address(), count, values.address());
            return values.doubles(Math.toIntExact(count));
          });
    }
  }

  /** Replaces the numbers of such an array, rounded to its dtype. Call it while no step runs. */
  public void write(Tensor tensor, String arrayName, double... values) {
    try (Scope scope = new Scope()) {
      withArray(
          scope,
          tensor,
          arrayName,
          (array, count) -> {
            if (count != values.length) {
              throw GradstepException.invalid(
                  "there are " + values.length + " values; " + arrayName + " has " + count + " elements");
            }
            Block from = scope.block(8 * count);
            from.put(values);
            Library.call(scope, "gradstep_array_write", array.address(), count, from.address());
            return null;
          });
    }
  }

  /** A single number of the state of a tensor's rule: "d" of prodigy. */
  public double scalar(Tensor tensor, String name) {
    try (Scope scope = new Scope()) {
      Block value = scope.block(8);
      long text = scope.text("name", name);
      callOptimizer(scope, "get_scalar", indexOf(tensor), text, value.address());
      return value.getDouble(0);
    }
  }

  /** Replaces such a number. */
  public void setScalar(Tensor tensor, String name, double value) {
    try (Scope scope = new Scope()) {
      long text = scope.text("name", name);
      callOptimizer(scope, "set_scalar", indexOf(tensor), text, Library.bits(value));
    }
  }

  /**
   * Whether the tensor takes part in steps by its gradient. Without one, a step changes none of the tensor's
   * arrays, nor its step count.
   */
  public void setHasGrad(Tensor tensor, boolean hasGrad) {
    callOptimizer("set_grad", indexOf(tensor), hasGrad ? tensor.grad.address() : 0);
  }

  /** Adds the gradient, times scale, to the tensor's sum, which the next step uses in its place. */
  public void accumulate(Tensor tensor, double scale) {
    callOptimizer("accumulate", indexOf(tensor), Library.bits(scale));
  }

  /** Copies the param, as it is now, to the average. */
  public void startAverage(Tensor tensor) {
    callOptimizer("start_average", indexOf(tensor));
  }

  /** Replaces the params by what the rule is evaluated with, or back: schedule-free's "evaluate". */
  public void transform(long group, String name) {
    try (Scope scope = new Scope()) {
      callOptimizer(scope, "transform", group, scope.text("name", name));
    }
  }
}

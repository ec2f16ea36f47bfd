// SPDX-License-Identifier: Apache-2.0
package gradstep;

/** One parameter in a call of {@link Stateless#apply}: arrays of the caller's, and its state. */
public final class Parameter {
  final Array param;
  final Array grad;
  final State state;
  Array copy; // null: none
  Array average; // null: none
  private long key;

  /** The state is that of the parameter, made with the same number of elements. */
  public Parameter(Array param, Array grad, State state) {
    this.param = param;
    this.grad = grad;
    this.state = state;
    long count = state.shape.count();
    expect("param", param, count);
    expect("grad", grad, count);
    expectWritable("param", param);
    if (param.dtype != state.paramDType) {
      throw GradstepException.invalid(
          "param is " + param.dtype + ", and the state was made for " + state.paramDType);
    }
  }

  /** The step also writes the new param to this array, whose dtype is another one. */
  public Parameter copy(Array copy) {
    expect("copy", copy, param.count);
    expectWritable("copy", copy);
    this.copy = copy;
    return this;
  }

  /**
   * The moving average of the param, with {@link StepOptions#averageDecay}: FLOAT64 beside a FLOAT64 param,
   * otherwise FLOAT32.
   */
  public Parameter average(Array average) {
    expect("average", average, param.count);
    expectWritable("average", average);
    this.average = average;
    return this;
  }

  /** Distinguishes parameters in stochastic rounding; 0: the position in the list. */
  public Parameter key(long key) {
    this.key = key;
    return this;
  }

  long key() {
    return key;
  }

  private static void expect(String name, Array array, long count) {
    if (array.count != count) {
      throw GradstepException.invalid(
          name + " has " + array.count + " elements, and the state has " + count);
    }
  }

  static void expectWritable(String name, Array array) {
    if (array.isReadOnly) {
      throw GradstepException.invalid(name + " is a read-only buffer; the step writes it");
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;

/** Steps without an optimizer: the caller has all arrays, and counts the steps. */
public final class Stateless {
  private Stateless() {}

  /**
   * Makes one step of the rule for all parameters, on the context's threads. Until it returns, no other
   * thread may use the arrays, or free them. No array may be in the list twice.
   *
   * <pre>{@code
   * try (Rule rule = new Rule("sgd").set("lr", 0.5)) {
   *   float[] w = {1, 2};
   *   State state = new State(rule, Shape.flat(2), Array.of(w));
   *   Parameter parameter = new Parameter(Array.of(w), Array.of(1f, 1f), state);
   *   Stateless.apply(Context.shared(), rule, List.of(parameter), StepOptions.step(1));
   *   // w is {0.5f, 1.5f}
   * }
   * }</pre>
   */
  public static StepResult apply(
      Context context, Rule rule, List<Parameter> parameters, StepOptions options) {
    List<State> locked = new ArrayList<>(parameters.size());
    try {
      for (Parameter parameter : parameters) {
        parameter.state.lock();
        locked.add(parameter.state);
      }
      return applyLocked(context, rule, List.copyOf(parameters), options);
    } finally {
      locked.forEach(State::unlock);
      Reference.reachabilityFence(parameters);
    }
  }

  private static StepResult applyLocked(
      Context context, Rule rule, List<Parameter> parameters, StepOptions options) {
    try (Scope scope = new Scope()) {
      long size = C.gradstep_tensor.SIZE;
      Block tensors = scope.block(size * parameters.size());
      HeapCopies copies = new HeapCopies(scope);
      for (int i = 0; i < parameters.size(); i++) {
        parameters.get(i).state.expectLayout(scope, rule);
        if (options.zeroesGrads()) {
          Parameter.expectWritable("grad", parameters.get(i).grad);
        }
        Block tensor = tensors.slice(i * size, size);
        fill(scope, tensor, parameters.get(i), copies, options.zeroesGrads());
      }
      copies.expectApart();
      Block shared = copies.of(options.shared);
      Block raw = options.in(scope, shared);
      Block result = scope.struct(C.gradstep_apply_result.SIZE);
      try {
        context.use(
            c ->
                rule.use(
                    r ->
                        Library.call(
                            scope,
                            "gradstep_apply",
                            c,
                            r,
                            tensors.address(),
                            parameters.size(),
                            raw.address(),
                            result.address())));
      } finally {
        copies.writeBack();
      }
      return StepResult.of(result);
    }
  }

  private static void fill(
      Scope scope, Block tensor, Parameter parameter, HeapCopies copies, boolean zeroesGrads) {
    State state = parameter.state;
    tensor.set(C.gradstep_tensor.struct_size, C.gradstep_tensor.SIZE);
    state.shape.putIn(tensor);
    tensor.set(C.gradstep_tensor.key, parameter.key());
    put(tensor, C.gradstep_tensor.param, parameter.param, copies, true);
    put(tensor, C.gradstep_tensor.grad, parameter.grad, copies, zeroesGrads);
    if (parameter.copy != null) {
      put(tensor, C.gradstep_tensor.copy, parameter.copy, copies, true);
    }
    if (parameter.average != null) {
      put(tensor, C.gradstep_tensor.average, parameter.average, copies, true);
    }
    if (state.slotCount() > 0) {
      tensor.set(C.gradstep_tensor.slots, state.arrays(scope).address());
      tensor.set(C.gradstep_tensor.slot_count, (long) state.slotCount());
    }
    if (state.scalars.length > 0) {
      tensor.set(C.gradstep_tensor.scalars, copies.of(state.scalars).address());
      tensor.set(C.gradstep_tensor.scalar_count, (long) state.scalars.length);
    }
  }

  private static void put(
      Block tensor, long offset, Array array, HeapCopies copies, boolean isWritten) {
    tensor.set(offset + C.gradstep_array.data, copies.of(array, isWritten).address());
    tensor.set(offset + C.gradstep_array.dtype, array.dtype.code);
  }
}

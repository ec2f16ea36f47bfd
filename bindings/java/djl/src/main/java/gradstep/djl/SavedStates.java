// SPDX-License-Identifier: Apache-2.0
package gradstep.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import gradstep.Gradstep;
import gradstep.State;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The states of parameters as named arrays, and those that wait for their parameter. */
final class SavedStates {
  private static final String SCALARS = ".scalars";
  private static final String STEP = ".step";

  private Map<String, double[]> arrays = new HashMap<>();

  /** Copies the state of a parameter to arrays. */
  static void add(NDList to, NDManager manager, String id, ParameterState state) {
    for (String slot : state.state().slots()) {
      to.add(named(id + "." + slot, manager.create(state.state().read(slot))));
    }
    if (state.state().scalars().length > 0) {
      to.add(named(id + SCALARS, manager.create(state.state().scalars())));
    }
    to.add(named(id + STEP, manager.create(new double[] {state.count()})));
  }

  private static NDArray named(String name, NDArray array) {
    array.setName(name);
    return array;
  }

  /** Copies the arrays. On a failure nothing has changed. */
  void replace(NDList from, Gradstep.RuleInfo rule) {
    Map<String, double[]> next = new HashMap<>();
    List<String> kinds = new ArrayList<>(List.of("scalars", "step"));
    kinds.addAll(rule.slots());
    for (NDArray array : from) {
      String name = String.valueOf(array.getName());
      if (!kinds.contains(name.substring(name.lastIndexOf('.') + 1))) {
        throw new IllegalArgumentException(
            "the array \"" + name + "\" is no state of " + rule.name() + ", which has " + kinds);
      }
      next.put(name, array.toDoubleArray());
    }
    arrays = next;
  }

  /** Moves what was loaded for a parameter to its new state; gives it with its count. */
  ParameterState take(String id, Gradstep.RuleInfo rule, State state, long countWithout) {
    double[] step = arrays.get(id + STEP);
    if (step == null) {
      return new ParameterState(state, countWithout);
    }
    for (String slot : state.slots()) {
      double[] numbers = arrays.get(id + "." + slot);
      if (numbers != null) {
        state.write(slot, numbers);
      }
    }
    double[] scalars = arrays.getOrDefault(id + SCALARS, new double[0]);
    if (scalars.length != state.scalars().length) {
      throw new IllegalArgumentException(
          id + SCALARS + " is " + Arrays.toString(scalars) + "; " + rule.name() + " has "
              + state.scalars().length + " for each parameter");
    }
    System.arraycopy(scalars, 0, state.scalars(), 0, scalars.length);
    return new ParameterState(state, (long) step[0]);
  }
}

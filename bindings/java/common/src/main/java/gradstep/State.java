// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The state of one parameter, for {@link Stateless#apply}: the slots and scalars of its rule. One call at a
 * time uses it; another one fails with the kind BUSY.
 */
public final class State {
  private final AtomicBoolean isUsed = new AtomicBoolean();
  private final String ruleName;
  private final List<String> slotNames;
  private Object checkedVersion; // of the rule that is known to fit
  private final List<Slot> slots = new ArrayList<>(); // null: the rule does not use it
  final Shape shape;
  final DType paramDType;
  final double[] scalars;

  /** The state before the first step of a parameter, in the type of the arithmetic. */
  public State(Rule rule, Shape shape, Array param) {
    this(rule, shape, param, null);
  }

  /**
   * The state before the first step of a parameter.
   *
   * @param rule whose slots it has, with its present hyper-parameters
   * @param shape of the parameter
   * @param param as it is before the first step
   * @param slotDType the dtype that is wanted for slots: BFLOAT16 halves the memory; null: that of the
   *     arithmetic
   */
  public State(Rule rule, Shape shape, Array param, DType slotDType) {
    if (param.count != shape.count()) {
      throw GradstepException.invalid(
          "the shape has " + shape.count() + " elements, and param has " + param.count);
    }
    ruleName = rule.info().name();
    slotNames = rule.info().slots();
    this.shape = shape;
    paramDType = param.dtype;
    scalars = initialScalars(rule, C.SCOPE_TENSOR);
    for (int i = 0; i < slotNames.size(); i++) {
      slots.add(Slot.create(rule, i, shape, param, slotDType));
    }
  }

  /** The scalars that all parameters of a rule share, before the first step: {@link StepOptions#shared}. */
  public static double[] sharedScalars(Rule rule) {
    return initialScalars(rule, C.SCOPE_ALL);
  }

  private static double[] initialScalars(Rule rule, int scopeOfScalars) {
    List<Double> values = new ArrayList<>();
    try (Scope scope = new Scope()) {
      long name = scope.text("rule_name", rule.info().name());
      for (int i = 0; i < rule.info().scalars().size(); i++) {
        Block info = scope.struct(C.gradstep_scalar_info.SIZE);
        Library.call(scope, "gradstep_rule_describe_scalar", name, i, info.address());
        if (info.getInt(C.gradstep_scalar_info.scope) == scopeOfScalars) {
          long source = info.getLong(C.gradstep_scalar_info.initial_hyperparameter);
          values.add(
              source == 0
                  ? info.getDouble(C.gradstep_scalar_info.initial_value)
                  : rule.get(Backend.text(source)));
        }
      }
    }
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  /** The names of the slots that it has: those that the rule used when it was made. */
  public List<String> slots() {
    return slotNames.stream().filter(name -> slots.get(slotNames.indexOf(name)) != null).toList();
  }

  /** The numbers of a slot: "exp_avg". */
  public double[] read(String slot) {
    lock();
    try {
      return find(slot).read();
    } finally {
      unlock();
    }
  }

  /** Replaces the numbers of a slot, rounded to its dtype. */
  public void write(String slot, double... values) {
    lock();
    try {
      Slot found = find(slot);
      if (values.length != found.count) {
        throw GradstepException.invalid(
            "there are " + values.length + " values; " + slot + " has " + found.count + " elements");
      }
      found.write(values);
    } finally {
      unlock();
    }
  }

  /** The single numbers of the rule's state, which may be changed between steps. */
  public double[] scalars() {
    return scalars;
  }

  private Slot find(String name) {
    int index = slotNames.indexOf(name);
    if (index < 0 || slots.get(index) == null) {
      throw GradstepException.invalid(
          "slot is \"" + name + "\"; the state of " + ruleName + " has " + slots());
    }
    return slots.get(index);
  }

  /** Whether the rule, with its present hyper-parameters, finds every slot at its size. */
  void expectLayout(Scope scope, Rule rule) {
    Object version = rule.version();
    if (version == checkedVersion) {
      return;
    }
    if (!rule.info().name().equals(ruleName)) {
      throw GradstepException.invalid(
          "the state is that of " + ruleName + ", and the rule is " + rule.info().name());
    }
    for (int i = 0; i < slots.size(); i++) {
      Block layout = Slot.layout(scope, rule, i, shape, paramDType, null);
      long count = slots.get(i) == null ? 0 : slots.get(i).count;
      long needed = layout.getLong(C.gradstep_slot_layout.count);
      if (layout.getInt(C.gradstep_slot_layout.is_used) == 1 && count != needed) {
        throw GradstepException.invalid(
            "the state's " + slotNames.get(i) + " has " + count + " elements, and " + ruleName
                + " now needs " + needed
                + ": its hyper-parameters have changed since the state was made");
      }
    }
    checkedVersion = version;
  }

  /** The gradstep_array of each slot. */
  Block arrays(Scope scope) {
    Block arrays = scope.block(C.gradstep_array.SIZE * slots.size());
    for (int i = 0; i < slots.size(); i++) {
      if (slots.get(i) != null) {
        slots.get(i).putIn(arrays, i * C.gradstep_array.SIZE);
      }
    }
    return arrays;
  }

  int slotCount() {
    return slots.size();
  }

  void lock() {
    if (!isUsed.compareAndSet(false, true)) {
      throw new GradstepException(
          GradstepException.Kind.BUSY, "the state is in the list twice, or another call uses it");
    }
  }

  void unlock() {
    isUsed.set(false);
  }
}

// SPDX-License-Identifier: Apache-2.0
package gradstep;

/** An array of a {@link State}, in memory of its own. */
final class Slot {
  private final Block data;
  private final Block scales; // null: not an 8-bit dtype
  private final int dtype;
  final long count;

  private Slot(Block layout) {
    count = layout.getLong(C.gradstep_slot_layout.count);
    dtype = layout.getInt(C.gradstep_slot_layout.dtype);
    data = Block.automatic(layout.getLong(C.gradstep_slot_layout.bytes));
    long extra = layout.getLong(C.gradstep_slot_layout.extra_bytes);
    scales = extra == 0 ? null : Block.automatic(extra);
  }

  /** A slot of a rule for a param; null: the rule does not use it. */
  static Slot create(Rule rule, int index, Shape shape, Array param, DType wanted) {
    try (Scope scope = new Scope()) {
      Block layout = layout(scope, rule, index, shape, param.dtype, wanted);
      if (layout.getInt(C.gradstep_slot_layout.is_used) == 0) {
        return null;
      }
      Slot slot = new Slot(layout);
      double value = layout.getDouble(C.gradstep_slot_layout.initial_value);
      if (layout.getInt(C.gradstep_slot_layout.start) == C.START_PARAM) {
        slot.write(scope, valuesOf(scope, param));
      } else if (value != 0) {
        double[] values = new double[Math.toIntExact(slot.count)];
        java.util.Arrays.fill(values, value);
        slot.write(values);
      }
      return slot;
    }
  }

  static Block layout(
      Scope scope, Rule rule, int index, Shape shape, DType paramDType, DType wanted) {
    Block tensor = scope.struct(C.gradstep_tensor.SIZE);
    shape.putIn(tensor);
    tensor.set(C.gradstep_tensor.param + C.gradstep_array.dtype, paramDType.code);
    Block layout = scope.struct(C.gradstep_slot_layout.SIZE);
    String call = "gradstep_rule_slot_layout";
    int code = wanted == null ? 0 : wanted.code;
    rule.use(h -> Library.call(scope, call, h, index, tensor.address(), code, layout.address()));
    return layout;
  }

  private static Block valuesOf(Scope scope, Array param) {
    Block array = scope.block(C.gradstep_array.SIZE);
    array.set(C.gradstep_array.data, param.memory(scope).address());
    array.set(C.gradstep_array.dtype, param.dtype.code);
    Block values = scope.block(8 * param.count);
    Library.call(scope, "gradstep_array_read", array.address(), param.count, values.address());
    return values;
  }

  double[] read() {
    try (Scope scope = new Scope()) {
      Block values = scope.block(8 * count);
      Block array = scope.block(C.gradstep_array.SIZE);
      putIn(array, 0);
      Library.call(scope, "gradstep_array_read", array.address(), count, values.address());
      return values.doubles(Math.toIntExact(count));
    }
  }

  void write(double[] numbers) {
    try (Scope scope = new Scope()) {
      Block values = scope.block(8L * numbers.length);
      values.put(numbers);
      write(scope, values);
    }
  }

  private void write(Scope scope, Block values) {
    Block array = scope.block(C.gradstep_array.SIZE);
    putIn(array, 0);
    Library.call(scope, "gradstep_array_write", array.address(), count, values.address());
  }

  /** Fills the gradstep_array at this offset. */
  void putIn(Block arrays, long offset) {
    arrays.set(offset + C.gradstep_array.data, data.address());
    arrays.set(offset + C.gradstep_array.extra, scales == null ? 0 : scales.address());
    arrays.set(offset + C.gradstep_array.dtype, dtype);
  }
}

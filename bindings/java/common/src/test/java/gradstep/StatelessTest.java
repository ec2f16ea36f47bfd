// SPDX-License-Identifier: Apache-2.0
package gradstep;

import static gradstep.GradstepException.Kind.BUSY;
import static gradstep.Tests.expectFailure;
import static gradstep.Tests.expectInvalid;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StatelessTest {
  private final Rule sgd = new Rule("sgd").set("lr", 0.5);
  private final Rule adam = new Rule("adam");

  @AfterEach
  void close() {
    sgd.close();
    adam.close();
  }

  private static StepResult apply(Rule rule, StepOptions options, Parameter... parameters) {
    return Stateless.apply(Context.shared(), rule, List.of(parameters), options);
  }

  private static FloatBuffer direct(float... numbers) {
    return ByteBuffer.allocateDirect(4 * numbers.length)
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer()
        .put(numbers)
        .flip();
  }

  private static Parameter parameter(Rule rule, Array param, Array grad) {
    return new Parameter(param, grad, new State(rule, Shape.flat(param.count), param));
  }

  @Test
  void direct() {
    FloatBuffer param = direct(1, 2, 3, 4);
    param.position(1).limit(3);
    FloatBuffer grad = direct(1, 1).asReadOnlyBuffer();
    apply(sgd, StepOptions.step(1), parameter(sgd, Array.of(param), Array.of(grad)));
    assertArrayEquals(new float[] {1, 1.5f, 2.5f, 4}, Tests.array(param.clear()));
  }

  @Test
  void onTheHeap() {
    float[] param = {1, 2, 3, 4};
    double[] grad = {1, 1};
    Array middle = Array.of(FloatBuffer.wrap(param, 1, 2));
    apply(sgd, StepOptions.step(1).zeroGrad(), parameter(sgd, middle, Array.of(grad)));
    assertArrayEquals(new float[] {1, 1.5f, 2.5f, 4}, param);
    assertArrayEquals(new double[2], grad);
  }

  @Test
  void empty() {
    apply(adam, StepOptions.step(1), parameter(adam, Array.of(direct(new float[0])), Array.of(direct(new float[0]))));
    apply(adam, StepOptions.step(1), parameter(adam, Array.of(new float[0]), Array.of(direct(new float[0]))));
    apply(adam, StepOptions.step(1));
  }

  @Test
  void copiesAveragesAndSixteenBits() {
    short[] param = {0x3f80, 0x4000}; // 1 and 2
    FloatBuffer copy = direct(0, 0);
    float[] average = new float[2];
    Parameter parameter =
        parameter(sgd, Array.of(param, DType.BFLOAT16), Array.of(1f, 1f))
            .copy(Array.of(copy))
            .average(Array.of(average))
            .key(5);
    apply(sgd, StepOptions.step(1).averageDecay(0.5), parameter);
    assertArrayEquals(new short[] {0x3f00, 0x3fc0}, param);
    assertArrayEquals(new float[] {0.5f, 1.5f}, Tests.array(copy));
    assertArrayEquals(new float[] {0.5f, 1.5f}, average);
  }

  /** 20 parameters in one Java array, and one in a direct buffer. */
  @Test
  void theBitsAreThoseOfAnOptimizer() {
    int size = 300;
    float[] all = new float[20 * size];
    FloatBuffer alone = direct(new float[5000]);
    Parameter[] parameters = new Parameter[21];
    for (int i = 0; i < 20; i++) {
      Array part = Array.of(FloatBuffer.wrap(all, i * size, size));
      parameters[i] = parameter(adam, part, Array.of(grads(size, i)));
    }
    State eightBits =
        new State(adam, Shape.flat(5000), Array.of(alone), DType.BLOCKS_OF_8_BITS);
    parameters[20] = new Parameter(Array.of(alone), Array.of(grads(5000, 20)), eightBits);
    try (Optimizer optimizer = new Optimizer()) {
      GroupOptions options = new GroupOptions(adam);
      optimizer.addGroup("all", options);
      optimizer.addGroup("narrow", options.slotDType(DType.BLOCKS_OF_8_BITS));
      for (int i = 0; i < 21; i++) {
        Tensor tensor = Tensor.zeros(Shape.flat(i < 20 ? size : 5000));
        tensor.gradFloats().put(grads(i < 20 ? size : 5000, i));
        optimizer.add(i < 20 ? 0 : 1, "w" + i, tensor);
      }
      // Rounding depends on the key; to nearest it does not.
      optimizer.setOptions(new OptimizerOptions().nearestSlots().maxNorm(1));
      for (int t = 1; t <= 3; t++) {
        StepResult wanted = optimizer.step();
        StepResult got = apply(adam, StepOptions.step(t).nearestSlots().maxNorm(1), parameters);
        assertEquals(wanted.gradNorm(), got.gradNorm());
      }
      List<Tensor> tensors = optimizer.tensors();
      for (int i = 0; i < 20; i++) {
        float[] part = java.util.Arrays.copyOfRange(all, i * size, (i + 1) * size);
        assertArrayEquals(Tests.array(tensors.get(i).floats()), part);
      }
      assertArrayEquals(Tests.array(tensors.get(20).floats()), Tests.array(alone));
      assertArrayEquals(optimizer.read(tensors.get(20), "exp_avg"), eightBits.read("exp_avg"));
    }
  }

  private static float[] grads(int count, int k) {
    float[] grads = new float[count];
    for (int i = 0; i < count; i++) {
      grads[i] = ((i + 1) * (k + 3) % 127 - 63) / 64f;
    }
    return grads;
  }

  @Test
  void stepsSkipAndClip() {
    float[] param = new float[2];
    State state = new State(sgd, Shape.flat(2), Array.of(param));
    StepOptions options = StepOptions.step(1).checkFinite().maxNorm(1).gradScale(2);
    Array infinite = Array.of(Float.POSITIVE_INFINITY, 1f);
    StepResult skipped = apply(sgd, options, new Parameter(Array.of(param), infinite, state));
    assertTrue(skipped.isSkipped() && skipped.nonFiniteCount() == 1);
    assertArrayEquals(new float[2], param);
    StepResult clipped =
        apply(sgd, options, new Parameter(Array.of(param), Array.of(1.5f, 2f), state));
    assertEquals(5, clipped.gradNorm());
    assertArrayEquals(new float[] {-0.3f, -0.4f}, param, 1e-6f);
  }

  @Test
  void statesAreReadAndWritten() {
    float[] param = {1, 1};
    State state = new State(adam, Shape.flat(2), Array.of(param));
    state.write("exp_avg", 3, 4);
    assertArrayEquals(new double[] {3, 4}, state.read("exp_avg"));
    expectInvalid("there are 1 values", () -> state.write("exp_avg", 3));
    expectInvalid("exp_avgg", () -> state.read("exp_avgg"));
    expectInvalid("max_exp_avg_sq", () -> state.read("max_exp_avg_sq"));
    try (Rule nadam = new Rule("nadam")) {
      assertArrayEquals(
          new double[] {1}, new State(nadam, Shape.flat(2), Array.of(param)).scalars());
    }
  }

  @Test
  void lengthsAndTypesAreChecked() {
    Array param = Array.of(new float[8]);
    State state = new State(adam, Shape.flat(8), param);
    expectInvalid("7 elements", () -> new State(adam, Shape.flat(7), param));
    expectInvalid("grad has 7", () -> new Parameter(param, Array.of(new float[7]), state));
    expectInvalid(
        "FLOAT64", () -> new Parameter(Array.of(new double[8]), Array.of(new float[8]), state));
    expectInvalid("FLOAT32", () -> Array.of(new short[1], DType.FLOAT32));
    FloatBuffer constant = direct(new float[8]).asReadOnlyBuffer();
    expectInvalid("read-only", () -> new Parameter(Array.of(constant), param, state));
    Parameter withConstant = new Parameter(param, Array.of(constant), state);
    expectInvalid("read-only", () -> apply(adam, StepOptions.step(1).zeroGrad(), withConstant));
    FloatBuffer swapped = ByteBuffer.allocateDirect(32).asFloatBuffer();
    if (ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
      expectInvalid("BIG_ENDIAN", () -> Array.of(swapped));
    }
  }

  @Test
  void aStateFitsItsRule() {
    float[] param = {1, 1};
    Parameter parameter = parameter(sgd, Array.of(param), Array.of(1f, 1f));
    expectInvalid("sgd", () -> apply(adam, StepOptions.step(1), parameter));
    sgd.set("momentum", 0.9);
    expectInvalid("momentum_buffer", () -> apply(sgd, StepOptions.step(1), parameter));
    sgd.set("momentum", 0);
    expectFailure(
        GradstepException.Kind.OUT_OF_RANGE, "step", () -> apply(sgd, StepOptions.step(0), parameter));
    assertArrayEquals(new float[] {1, 1}, param);
    apply(sgd, StepOptions.step(1), parameter); // the state is not locked any more
    assertArrayEquals(new float[] {0.5f, 0.5f}, param);
  }

  @Test
  void nothingIsInAListTwice() {
    float[] param = {1, 1, 1};
    Array grad = Array.of(1f, 1f);
    Parameter one = parameter(sgd, Array.of(FloatBuffer.wrap(param, 0, 2)), grad);
    Parameter two = parameter(sgd, Array.of(FloatBuffer.wrap(param, 1, 2)), grad);
    StepOptions options = StepOptions.step(1);
    expectFailure(BUSY, "twice", () -> apply(sgd, options, one, one));
    expectInvalid("from index 1", () -> apply(sgd, options, one, two));
    Parameter ownGrad = parameter(sgd, Array.of(param), Array.of(param));
    expectInvalid("from index 0", () -> apply(sgd, options, ownGrad));
    FloatBuffer there = direct(1, 1);
    Parameter overlap = parameter(sgd, Array.of(there), Array.of(there));
    expectInvalid("overlap", () -> apply(sgd, options, overlap));
    assertArrayEquals(new float[] {1, 1, 1}, param);
    assertArrayEquals(new float[] {1, 1}, Tests.array(there));
    Parameter apart = parameter(sgd, Array.of(FloatBuffer.wrap(param, 2, 1)), Array.of(2f));
    apply(sgd, options, one, apart); // the shared gradient is only read
    assertArrayEquals(new float[] {0.5f, 0.5f, 0}, param);
  }
}

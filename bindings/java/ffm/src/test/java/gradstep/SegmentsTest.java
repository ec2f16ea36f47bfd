// SPDX-License-Identifier: Apache-2.0
package gradstep;

import static gradstep.GradstepException.Kind.CLOSED;
import static gradstep.Tests.expectFailure;
import static gradstep.Tests.expectInvalid;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

class SegmentsTest {
  private static Parameter parameter(Rule rule, MemorySegment param, MemorySegment grad) {
    Array array = Segments.array(param, DType.FLOAT32);
    State state = new State(rule, Shape.flat(param.byteSize() / 4), array);
    return new Parameter(array, Segments.array(grad, DType.FLOAT32), state);
  }

  @Test
  void stepsWorkOnSegments() throws Exception {
    Context context = Context.shared();
    StepOptions options = StepOptions.step(1);
    try (Rule rule = new Rule("sgd").set("lr", 0.5)) {
      Parameter left;
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment param = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 2);
        MemorySegment grad = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 1).asReadOnly();
        left = parameter(rule, param, grad);
        Stateless.apply(context, rule, List.of(left), options);
        float[] wanted = {0.5f, 1.5f};
        assertArrayEquals(wanted, param.toArray(ValueLayout.JAVA_FLOAT));
        Thread other =
            Thread.ofPlatform()
                .start(
                    () ->
                        expectInvalid(
                            "another thread",
                            () -> Stateless.apply(context, rule, List.of(left), options)));
        other.join();
        assertArrayEquals(wanted, param.toArray(ValueLayout.JAVA_FLOAT));
      }
      expectFailure(CLOSED, "arena", () -> Stateless.apply(context, rule, List.of(left), options));
    }
  }

  @Test
  void wrongSegmentsAreRefused() {
    expectInvalid(
        "on the heap", () -> Segments.array(MemorySegment.ofArray(new float[2]), DType.FLOAT32));
    try (Arena arena = Arena.ofConfined()) {
      expectInvalid("6 bytes", () -> Segments.array(arena.allocate(6), DType.FLOAT32));
    }
  }

  @Test
  void tensorsHaveSegments() {
    Tensor tensor = Tensor.of(1f, 2f);
    assertEquals(8, Segments.param(tensor).byteSize());
    Segments.grad(tensor).setAtIndex(ValueLayout.JAVA_FLOAT, 1, 3);
    assertEquals(3, tensor.gradFloats().get(1));
    assertEquals(0, Segments.param(Tensor.zeros(Shape.flat(0))).byteSize());
  }
}

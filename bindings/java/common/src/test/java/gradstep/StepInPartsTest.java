// SPDX-License-Identifier: Apache-2.0
package gradstep;

import static gradstep.GradstepException.Kind.WRONG_ORDER;
import static gradstep.Tests.array;
import static gradstep.Tests.expectFailure;
import static gradstep.Tests.fill;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StepInPartsTest {
  private static List<Tensor> addTo(Optimizer optimizer) {
    List<Tensor> tensors =
        IntStream.range(0, 20).mapToObj(i -> Tensor.zeros(Shape.flat(100 + i))).toList();
    for (int i = 0; i < tensors.size(); i++) {
      fill(tensors.get(i).gradFloats(), i - 7);
      optimizer.add(0, "w" + i, tensors.get(i));
    }
    return tensors;
  }

  @Test
  void theBitsAreThoseOfAWholeStep() {
    try (Optimizer whole = Tests.adamw(Tensor.of(1f));
        Optimizer inParts = Tests.adamw(Tensor.of(1f))) {
      List<Tensor> wanted = addTo(whole);
      List<Tensor> got = addTo(inParts);
      for (int t = 0; t < 3; t++) {
        whole.step();
        try (StepInParts step = inParts.beginStep()) {
          inParts.tensors().parallelStream().forEach(step::step);
          assertEquals(0, step.end().leftOutCount());
        }
      }
      for (int i = 0; i < got.size(); i++) {
        assertArrayEquals(array(wanted.get(i).floats()), array(got.get(i).floats()));
      }
      assertArrayEquals(whole.saveBytes(true), inParts.saveBytes(true));
    }
  }

  @Test
  void stepsEnd() {
    Tensor tensor = Tensor.of(1f);
    try (Optimizer optimizer = Tests.adamw(tensor)) {
      optimizer.beginStep().close();
      assertEquals(1, tensor.floats().get(0));
      try (StepInParts step = optimizer.beginStep()) {
        expectFailure(WRONG_ORDER, "", optimizer::step);
        step.step(tensor);
        expectFailure(WRONG_ORDER, "", () -> step.step(tensor));
        assertEquals(0, step.end().leftOutCount());
        expectFailure(WRONG_ORDER, "", step::end);
      }
      try (StepInParts step = optimizer.beginStep()) {
        assertEquals(1, step.end().leftOutCount());
      }
      optimizer.setOptions(new OptimizerOptions().maxNorm(1));
      expectFailure(WRONG_ORDER, "", optimizer::beginStep);
      optimizer.step();
    }
  }
}

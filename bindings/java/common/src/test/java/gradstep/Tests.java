// SPDX-License-Identifier: Apache-2.0
package gradstep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.function.Executable;

/** What several tests need. */
final class Tests {
  private Tests() {}

  static GradstepException expectFailure(
      GradstepException.Kind kind, String words, Executable call) {
    GradstepException e = assertThrows(GradstepException.class, call);
    assertEquals(kind, e.kind(), e.getMessage());
    assertTrue(e.getMessage().contains(words), e.getMessage());
    return e;
  }

  static void expectInvalid(String words, Executable call) {
    expectFailure(GradstepException.Kind.INVALID_ARGUMENT, words, call);
  }

  /** The tensor is in the group 0. */
  static Optimizer optimizer(OptimizerOptions options, Rule rule, Tensor tensor) {
    Optimizer optimizer = new Optimizer(Context.shared(), options);
    optimizer.add(optimizer.addGroup("all", new GroupOptions(rule)), "w", tensor);
    return optimizer;
  }

  static Optimizer adamw(Tensor tensor) {
    try (Rule rule = new Rule("adamw")) {
      return optimizer(new OptimizerOptions(), rule, tensor);
    }
  }

  static Optimizer sgd(OptimizerOptions options, double lr, Tensor tensor) {
    try (Rule rule = new Rule("sgd").set("lr", lr)) {
      return optimizer(options, rule, tensor);
    }
  }

  static void fill(java.nio.FloatBuffer buffer, float x) {
    for (int i = 0; i < buffer.capacity(); i++) {
      buffer.put(i, x);
    }
  }

  static float[] array(java.nio.FloatBuffer buffer) {
    float[] numbers = new float[buffer.capacity()];
    buffer.get(0, numbers);
    return numbers;
  }
}

// SPDX-License-Identifier: Apache-2.0
package gradstep;

import static gradstep.GradstepException.Kind.CLOSED;
import static gradstep.GradstepException.Kind.CORRUPT;
import static gradstep.GradstepException.Kind.IO_ERROR;
import static gradstep.GradstepException.Kind.MISMATCH;
import static gradstep.GradstepException.Kind.OUT_OF_RANGE;
import static gradstep.GradstepException.Kind.UNKNOWN_NAME;
import static gradstep.Tests.adamw;
import static gradstep.Tests.expectFailure;
import static gradstep.Tests.expectInvalid;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Wrong use is an exception with a sentence, and changes nothing. */
class MisuseTest {
  @Test
  void wrongNamesAndNumbers() {
    expectFailure(UNKNOWN_NAME, "adam", () -> new Rule("adamm"));
    expectInvalid("zero byte", () -> new Rule("ada\0m"));
    expectFailure(UNKNOWN_NAME, "mmx", () -> new Context(new ContextOptions().isa("mmx")));
    expectFailure(OUT_OF_RANGE, "thread_count", () -> new Context(new ContextOptions().threads(2000)));
    expectInvalid("count, rows and columns are -1", () -> Tensor.zeros(Shape.flat(-1)));
    expectInvalid("2^63", () -> Shape.matrices(Long.MAX_VALUE, 2, 4));
    expectInvalid("6, 4 and 3", () -> new Shape(6, 4, 3));
    try (Rule rule = new Rule("adamw")) {
      expectFailure(OUT_OF_RANGE, "beta1", () -> rule.set("beta1", 1.5));
      assertEquals(0.9, rule.get("beta1"));
    }
  }

  @Test
  void tensorsAndOptimizers() {
    Tensor tensor = Tensor.of(1, 2, 3f);
    expectInvalid("FLOAT32", tensor::doubles);
    expectInvalid("without this array", tensor::averageFloats);
    try (Rule rule = new Rule("adamw");
        Optimizer optimizer = adamw(tensor);
        Optimizer other = new Optimizer()) {
      GroupOptions again = new GroupOptions(rule);
      expectInvalid("all", () -> optimizer.addGroup("all", again));
      expectInvalid("already", () -> other.add(0, "w", tensor));
      expectInvalid("already", tensor::withAverage);
      expectInvalid("not in", () -> other.remove(tensor));
      expectFailure(UNKNOWN_NAME, "exp_avg", () -> optimizer.read(tensor, "exp_avgg"));
      expectInvalid("there are 2 values", () -> optimizer.write(tensor, "exp_avg", 1, 2));
      expectFailure(OUT_OF_RANGE, "group", () -> optimizer.add(5, "v", Tensor.of(1f)));
      optimizer.remove(tensor);
      expectInvalid("not in", () -> optimizer.remove(tensor));
      other.addGroup("all", again);
      other.add(0, "w", tensor); // it is free again
      assertEquals(List.of(tensor), other.tensors());
    }
  }

  @Test
  void aFailedLoadChangesNothing() {
    Tensor tensor = Tensor.of(new float[300]);
    Tests.fill(tensor.gradFloats(), 0.5f);
    try (Optimizer optimizer = adamw(tensor);
        Optimizer other = adamw(Tensor.of(new float[299]))) {
      optimizer.step();
      byte[] saved = optimizer.saveBytes(true);
      byte[] damaged = saved.clone();
      damaged[damaged.length - 1] ^= 1;
      expectFailure(CORRUPT, "", () -> optimizer.load(damaged, Set.of(Load.PARAMS)));
      expectFailure(CORRUPT, "", () -> optimizer.load(new byte[0], Set.of()));
      expectFailure(IO_ERROR, "/nowhere", () -> optimizer.load(Path.of("/nowhere"), Set.of()));
      assertArrayEquals(saved, optimizer.saveBytes(true));
      expectFailure(MISMATCH, "w", () -> other.load(saved, Set.of()));
    }
  }

  @Test
  void whatIsClosed() {
    Tensor tensor = Tensor.of(1f, 2f);
    Optimizer optimizer = adamw(tensor);
    optimizer.close();
    optimizer.close();
    expectFailure(CLOSED, "optimizer", optimizer::step);
    tensor.floats().put(0, 5); // the memory stays as long as somebody has it
    Rule rule = new Rule("sgd");
    rule.close();
    expectFailure(CLOSED, "rule", () -> rule.get("lr"));
    try (Context context = new Context(new ContextOptions().threads(2));
        Optimizer used = new Optimizer(context, new OptimizerOptions())) {
      context.close(); // it stays as long as an optimizer uses it
      used.step();
      expectFailure(
          CLOSED, "context", () -> new Optimizer(context, new OptimizerOptions()).close());
    }
  }

  @Test
  void buffersOutliveTheirOptimizer() {
    FloatBuffer param = Tensor.of(new float[1000]).floats();
    adamw(Tensor.of(new float[1000])); // left to the garbage collector
    for (int i = 0; i < 5; i++) {
      System.gc();
      param.put(i, 1);
    }
    assertEquals(1, param.get(4));
  }

  /** The sentence of an exception is that of the failing call, and calls on one optimizer wait. */
  @Test
  void manyThreads() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    expectNoMixing(threads);
    threads.shutdown();
  }

  static void expectNoMixing(ExecutorService threads) throws Exception {
    List<Future<?>> all = new ArrayList<>();
    Tensor tensor = Tensor.of(new float[64]);
    try (Optimizer optimizer = adamw(tensor)) {
      for (int i = 0; i < 1000; i++) {
        String name = "rule_" + i;
        all.add(threads.submit(() -> expectFailure(UNKNOWN_NAME, name, () -> new Rule(name))));
        all.add(threads.submit(MisuseTest::stepOnce));
        all.add(threads.submit(() -> optimizer.step()));
      }
      for (Future<?> each : all) {
        each.get();
      }
      assertEquals(1000, optimizer.stepCount());
    }
  }

  private static void stepOnce() {
    Tensor tensor = Tensor.of(0f, 0f);
    tensor.gradFloats().put(0, 1);
    try (Optimizer optimizer = adamw(tensor)) {
      optimizer.step();
    }
    assertTrue(tensor.floats().get(0) < 0 && tensor.floats().get(1) == 0);
  }
}

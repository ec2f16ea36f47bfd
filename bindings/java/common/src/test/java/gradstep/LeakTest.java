// SPDX-License-Identifier: Apache-2.0
package gradstep;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class LeakTest {
  private static final Path STATM = Path.of("/proc/self/statm");

  private static long residentBytes() throws Exception {
    return Long.parseLong(Files.readString(STATM).split(" ")[1]) * 4096;
  }

  private static void expectNoLeak(int count, Runnable body) throws Exception {
    assumeTrue(Files.exists(STATM), "the system does not tell the resident memory");
    long before = 0;
    for (int i = 0; i < count + count / 5; i++) {
      if (i == count / 5) {
        System.gc();
        before = residentBytes();
      }
      body.run();
    }
    System.gc();
    long more = residentBytes() - before;
    assertTrue(more < 256 << 20, more + " bytes more");
  }

  @Test
  void manyObjectsLeaveNoMemoryBehind() throws Exception {
    expectNoLeak(
        100_000,
        () -> {
          try (Optimizer optimizer = Tests.adamw(Tensor.of(new float[64]))) {
            optimizer.step();
          }
        });
  }

  /** Each has 1 MiB in its tensor and 1 MiB in its slots. */
  @Test
  void whatIsNotClosedIsFreedByTheGarbageCollector() throws Exception {
    int[] count = {0};
    expectNoLeak(
        2000,
        () -> {
          Tests.adamw(Tensor.zeros(Shape.flat(1 << 17))).step();
          if (++count[0] % 50 == 0) {
            System.gc();
          }
        });
  }

  @Test
  void statelessStepsLeaveNoMemoryBehind() throws Exception {
    try (Rule rule = new Rule("adam")) {
      expectNoLeak(
          20_000,
          () -> {
            float[] param = new float[1000];
            State state = new State(rule, Shape.flat(1000), Array.of(param), DType.BFLOAT16);
            Parameter parameter = new Parameter(Array.of(param), Array.of(new float[1000]), state);
            Stateless.apply(Context.shared(), rule, List.of(parameter), StepOptions.step(1));
          });
    }
  }
}

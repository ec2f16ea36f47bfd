// SPDX-License-Identifier: Apache-2.0
package gradstep;

import static gradstep.GradstepException.Kind.POOL_FAILED;
import static gradstep.Tests.expectFailure;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class HostPoolTest {
  private static final float[] WANTED = paramAfterSteps(Context.shared());

  private static Context contextOn(Executor pool) {
    return new Context(new ContextOptions().threads(4).serialBelow(0).pool(pool));
  }

  private static void step(Optimizer optimizer, Tensor tensor, int step) {
    for (int i = 0; i < tensor.count(); i++) {
      tensor.gradFloats().put(i, (i * 31 + step) % 97 - 48);
    }
    optimizer.step();
  }

  private static Optimizer optimizerOn(Context context, Tensor tensor) {
    try (Rule adam = new Rule("adam")) {
      Optimizer optimizer = new Optimizer(context, new OptimizerOptions());
      optimizer.add(optimizer.addGroup("all", new GroupOptions(adam)), "w", tensor);
      return optimizer;
    }
  }

  private static float[] paramAfterSteps(Context context) {
    Tensor tensor = Tensor.zeros(Shape.flat(20_000));
    try (Optimizer optimizer = optimizerOn(context, tensor)) {
      for (int t = 0; t < 3; t++) {
        step(optimizer, tensor, t);
      }
    }
    return Tests.array(tensor.floats());
  }

  private static void expectSameBits(Executor pool) {
    AtomicInteger calls = new AtomicInteger();
    try (Context context =
        contextOn(
            task -> {
              calls.incrementAndGet();
              pool.execute(task);
            })) {
      assertEquals(4, context.threads());
      assertArrayEquals(WANTED, paramAfterSteps(context));
    }
    assertTrue(calls.get() >= 3, calls + " calls");
  }

  @Test
  void anyExecutorGivesTheSameBits() {
    expectSameBits(ForkJoinPool.commonPool());
    expectSameBits(Runnable::run);
    expectSameBits(task -> {}); // never runs a task
    expectSameBits(
        task -> {
          task.run();
          task.run();
        });
  }

  /** A step never waits for a thread of the pool to be free, and a late task does nothing. */
  @Test
  void theCallerMayBeThePoolsOnlyThread() throws Exception {
    ExecutorService one = Executors.newSingleThreadExecutor();
    Context context = contextOn(one);
    assertArrayEquals(WANTED, one.submit(() -> paramAfterSteps(context)).get());
    context.close();
    one.shutdown(); // the tasks that wait in it run now
    assertTrue(one.awaitTermination(10, TimeUnit.SECONDS));
  }

  @Test
  void whatThePoolThrowsComesBackAfterTheStep() {
    IllegalStateException thrown = new IllegalStateException("the host's pool");
    Tensor tensor = Tensor.zeros(Shape.flat(20_000));
    try (Context context =
            contextOn(
                task -> {
                  throw thrown;
                });
        Optimizer optimizer = optimizerOn(context, tensor)) {
      for (int t = 0; t < 3; t++) {
        int step = t;
        GradstepException e =
            expectFailure(POOL_FAILED, "the host's pool", () -> step(optimizer, tensor, step));
        assertSame(thrown, e.getCause());
      }
      assertEquals(3, optimizer.stepCount());
      assertArrayEquals(WANTED, Tests.array(tensor.floats()));
    }
    new Rule("sgd").close(); // the exception does not come back twice
  }

  @Test
  void anInterruptedThreadFinishesItsStep() {
    try (Context context = contextOn(ForkJoinPool.commonPool())) {
      Thread.currentThread().interrupt();
      assertArrayEquals(WANTED, paramAfterSteps(context));
      assertTrue(Thread.interrupted());
    }
  }

  /** Closing an optimizer within its own step would wait for ever. */
  @Test
  void closingWithinAStepIsRefused() {
    Tensor tensor = Tensor.zeros(Shape.flat(20_000));
    Optimizer[] used = {null};
    try (Context context = contextOn(task -> used[0].close());
        Optimizer optimizer = optimizerOn(context, tensor)) {
      used[0] = optimizer;
      GradstepException e =
          expectFailure(POOL_FAILED, "", () -> step(optimizer, tensor, 0));
      assertEquals(GradstepException.Kind.BUSY, ((GradstepException) e.getCause()).kind());
      assertEquals(1, optimizer.stepCount());
    }
  }
}

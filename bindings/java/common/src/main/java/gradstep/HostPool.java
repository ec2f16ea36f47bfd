// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;

/** Steps on the threads of an executor: what the library calls for a context that has one. */
final class HostPool {
  private static final Map<Long, Executor> EXECUTORS = new ConcurrentHashMap<>();
  private static final AtomicLong LAST_KEY = new AtomicLong();
  private static final ThreadLocal<Throwable> FAILURE = new ThreadLocal<>();

  private HostPool() {}

  /** The number by which the library names the executor; 0: there is none. */
  static long add(Executor executor) {
    if (executor == null) {
      return 0;
    }
    long key = LAST_KEY.incrementAndGet();
    EXECUTORS.put(key, executor);
    return key;
  }

  static void remove(long key) {
    EXECUTORS.remove(key);
  }

  /**
   * Is called by the library, and returns in any case. The calling thread and those of the executor
   * take one task after another. Whoever comes late finds none, and touches nothing of the library's.
   */
  static void run(long key, long count, long task, long argument) {
    try {
      Run run = new Run(count, task, argument);
      try {
        Executor executor = EXECUTORS.get(key);
        for (long i = 1; i < count; i++) {
          executor.execute(run);
        }
      } catch (Throwable e) {
        FAILURE.set(e);
      }
      run.run();
      run.await();
    } catch (Throwable e) {
      FAILURE.set(e);
    }
  }

  /** Throws what the executor has thrown during the call of this thread that has just ended. */
  static void rethrow(GradstepException failureOfCall) {
    Throwable failure = FAILURE.get();
    if (failure == null) {
      return;
    }
    FAILURE.remove();
    if (failureOfCall != null) {
      failureOfCall.addSuppressed(failure);
      return;
    }
    throw new GradstepException(
        GradstepException.Kind.POOL_FAILED,
        "the context's pool has thrown " + failure + "; the call has done all its work nevertheless",
        failure);
  }

  private static final class Run implements Runnable {
    private final AtomicLong next = new AtomicLong();
    private final CountDownLatch left;
    private final long count;
    private final long task;
    private final long argument;

    Run(long count, long task, long argument) {
      left = new CountDownLatch(Math.toIntExact(count));
      this.count = count;
      this.task = task;
      this.argument = argument;
    }

    @Override
    public void run() {
      for (long i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
        try {
          Backend.runTask(task, argument, i);
        } finally {
          left.countDown();
        }
      }
    }

    void await() {
      boolean isInterrupted = false;
      while (left.getCount() > 0) {
        try {
          left.await();
        } catch (InterruptedException e) {
          isInterrupted = true;
        }
      }
      if (isInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}

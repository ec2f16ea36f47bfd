// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.util.concurrent.Executor;

/** How a {@link Context} is to be created. */
public final class ContextOptions {
  private long flags;
  private int threads;
  private String isa;
  private long serialBelow;
  private Executor pool;

  /** A thread for each CPU of the process, and the highest instruction set. */
  public ContextOptions() {}

  /** The most threads that work on a step: 1 to 1024. 0: one for each CPU of the process. */
  public ContextOptions threads(int threads) {
    this.threads = threads;
    return this;
  }

  /** The instruction set: see {@link Gradstep#instructionSets}. */
  public ContextOptions isa(String isa) {
    this.isa = isa;
    return this;
  }

  /** A step of fewer elements than this runs on the calling thread alone. */
  public ContextOptions serialBelow(long elements) {
    serialBelow = elements;
    flags |= C.CONTEXT_SERIAL_BELOW;
    return this;
  }

  /** Steps treat denormal numbers as zero. */
  public ContextOptions flushToZero() {
    flags |= C.CONTEXT_FLUSH_TO_ZERO;
    return this;
  }

  /**
   * Steps run on the threads of an executor, ForkJoinPool.commonPool() for example, and on the calling
   * thread. The calling thread does the work that no other thread has begun, so a step never waits for
   * a thread of the executor to be free. If execute throws, the step is made nevertheless, and its call
   * then fails with the kind POOL_FAILED.
   */
  public ContextOptions pool(Executor pool) {
    this.pool = pool;
    return this;
  }

  Executor pool() {
    return pool;
  }

  Block in(Scope scope) {
    Block raw = scope.struct(C.gradstep_context_options.SIZE);
    raw.set(C.gradstep_context_options.flags, flags);
    raw.set(C.gradstep_context_options.thread_count, (long) threads);
    raw.set(C.gradstep_context_options.serial_below, serialBelow);
    if (isa != null) {
      raw.set(C.gradstep_context_options.isa, scope.text("isa", isa));
    }
    return raw;
  }
}

// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The threads and the instruction set of steps. Any threads may use it at the same time. */
public final class Context implements AutoCloseable {
  final Handle handle;

  private static final class Shared {
    private static final Context CONTEXT = new Context(0, null);
  }

  /** A context with a thread for each CPU of the process. */
  public Context() {
    this(0, null);
  }

  /**
   * A context.
   *
   * @param threads the most that work on a step, 1 to 1024; 0: one for each CPU of the process
   * @param isa the instruction set: see {@link Gradstep#instructionSets}; null: the highest
   */
  public Context(int threads, String isa) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment options = Native.struct(arena, C.gradstep_context_options.SIZE);
      Native.set(options, C.gradstep_context_options.thread_count, (long) threads);
      if (isa != null) {
        Native.set(options, C.gradstep_context_options.isa, Native.text(arena, "isa", isa));
      }
      handle =
          Handle.create(
              this,
              "context",
              "gradstep_context_destroy",
              into -> Native.call(arena, "gradstep_context_create", options.address(), into));
    }
  }

  /** The process's context, which optimizers have that are given none. Do not close it. */
  public static Context shared() {
    return Shared.CONTEXT;
  }

  /** The instruction set in use. */
  public String isa() {
    return Native.text(describe(C.gradstep_context_info.isa));
  }

  /** The most threads that work on a step. */
  public int threads() {
    return (int) describe(C.gradstep_context_info.thread_count);
  }

  private long describe(long field) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = Native.struct(arena, C.gradstep_context_info.SIZE);
      handle.use(h -> Native.call(arena, "gradstep_context_describe", h, info.address()));
      return Native.getLong(info, field);
    }
  }

  /** Closes the context; it is destroyed when no optimizer uses it any more. */
  @Override
  public void close() {
    handle.run();
  }
}

// SPDX-License-Identifier: Apache-2.0
package gradstep;

/** The threads and the instruction set of steps. Any threads may use it at the same time. */
public final class Context extends Resource {
  private static final class Shared {
    private static final Context CONTEXT = new Context();
  }

  /** A context with a thread for each CPU of the process. */
  public Context() {
    this(new ContextOptions());
  }

  /** A context with these options. */
  public Context(ContextOptions options) {
    try (Scope scope = new Scope()) {
      Block raw = options.in(scope);
      long pool = HostPool.add(options.pool());
      if (pool != 0) {
        raw.set(C.gradstep_context_options.parallel_for, Backend.parallelFor());
        raw.set(C.gradstep_context_options.pool, pool);
      }
      try {
        handle =
            Handle.create(
                this,
                "context",
                new Handle.Needs(null, null, () -> HostPool.remove(pool)),
                (none, into) -> Library.call(scope, "gradstep_context_create", raw.address(), into));
      } catch (RuntimeException e) {
        HostPool.remove(pool);
        throw e;
      }
    }
  }

  /** The process's context, which optimizers have that are given none. Do not close it. */
  public static Context shared() {
    return Shared.CONTEXT;
  }

  /** The instruction set in use. */
  public String isa() {
    return Backend.text(describe(C.gradstep_context_info.isa));
  }

  /** The most threads that work on a step. */
  public int threads() {
    return (int) describe(C.gradstep_context_info.thread_count);
  }

  private long describe(long field) {
    try (Scope scope = new Scope()) {
      Block info = scope.struct(C.gradstep_context_info.SIZE);
      use(h -> Library.call(scope, "gradstep_context_describe", h, info.address()));
      return info.getLong(field);
    }
  }

  /** Closes the context; it is destroyed when no optimizer uses it any more. */
  @Override
  public void close() {
    super.close();
  }
}

// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Named values of a rule or a schedule. */
abstract sealed class Hyperparameters implements AutoCloseable permits Rule, Schedule {
  final Handle handle;
  private final String calls; // "gradstep_rule"

  Hyperparameters(String what, String argument, String name) {
    calls = "gradstep_" + what;
    try (Arena arena = Arena.ofConfined()) {
      long text = Native.text(arena, argument, name);
      handle =
          Handle.create(
              this, what, calls + "_destroy", into -> Native.call(arena, calls + "_create", text, into));
    }
  }

  void setValue(String name, double value) {
    try (Arena arena = Arena.ofConfined()) {
      long text = Native.text(arena, "name", name);
      handle.use(h -> Native.call(arena, calls + "_set", h, text, Native.bits(value)));
    }
  }

  /** The value of a hyper-parameter. */
  public double get(String name) {
    try (Arena arena = Arena.ofConfined()) {
      long text = Native.text(arena, "name", name);
      MemorySegment value = arena.allocate(ValueLayout.JAVA_DOUBLE);
      handle.use(h -> Native.call(arena, calls + "_get", h, text, value.address()));
      return value.get(ValueLayout.JAVA_DOUBLE, 0);
    }
  }

  /** Checks that the hyper-parameters go together; every step does too. */
  public void check() {
    handle.use(h -> Native.call(calls + "_check", h));
  }

  /** Frees it. Optimizers have copies. */
  @Override
  public void close() {
    handle.run();
  }
}

// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The learning rate as a function of the step: see {@link Gradstep#schedules}. */
public final class Schedule extends Hyperparameters {
  /** A schedule. Hyper-parameters without a default must be set. */
  public Schedule(String name) {
    super("schedule", "schedule_name", name);
  }

  /** Sets a hyper-parameter. */
  public Schedule set(String name, double value) {
    setValue(name, value);
    return this;
  }

  /** Sets a hyper-parameter that is a list: milestones. */
  public Schedule setList(String name, double... values) {
    try (Arena arena = Arena.ofConfined()) {
      long text = Native.text(arena, "name", name);
      long list = arena.allocateFrom(ValueLayout.JAVA_DOUBLE, values).address();
      handle.use(h -> Native.call(arena, "gradstep_schedule_set_list", h, text, list, values.length));
    }
    return this;
  }

  /** The learning rate at step t, counted from 0. */
  public double lr(double baseLr, double t) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment lr = arena.allocate(ValueLayout.JAVA_DOUBLE);
      long base = Native.bits(baseLr);
      handle.use(h -> Native.call(arena, "gradstep_schedule_lr", h, base, Native.bits(t), lr.address()));
      return lr.get(ValueLayout.JAVA_DOUBLE, 0);
    }
  }
}

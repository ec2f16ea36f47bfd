// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.util.List;
import java.util.function.LongConsumer;

/** The learning rate as a function of the step: see {@link Gradstep#schedules}. */
public final class Schedule extends Hyperparameters {
  /** A schedule. Hyper-parameters without a default must be set. */
  public Schedule(String name) {
    super("schedule", "schedule_name", name);
  }

  private Schedule(List<Schedule> parts, long[] lengths) {
    super("schedule");
    try (Scope scope = new Scope()) {
      Block handles = scope.block(8L * parts.size());
      Block counts = scope.block(8L * parts.size());
      for (int i = 0; i < parts.size(); i++) {
        counts.set(8L * i, lengths[i]);
      }
      String call = "gradstep_schedule_create_sequence";
      handle =
          Handle.create(
              this,
              "schedule",
              Handle.Needs.NOTHING,
              (none, into) ->
                  useAll(
                      parts,
                      0,
                      handles,
                      count -> Library.call(scope, call, handles.address(), counts.address(), count, into)));
    }
  }

  /** Puts the addresses of the parts in `handles`, and calls body(their number). */
  private static void useAll(List<Schedule> parts, int done, Block handles, LongConsumer body) {
    if (done == parts.size()) {
      body.accept(done);
      return;
    }
    parts
        .get(done)
        .use(
            address -> {
              handles.set(8L * done, address);
              useAll(parts, done + 1, handles, body);
            });
  }

  /**
   * Schedules one after the other, which are copied: each part for its number of steps, the last one for
   * ever (its length is 0).
   */
  public static Schedule sequence(List<Schedule> parts, long... lengths) {
    if (parts.size() != lengths.length) {
      throw GradstepException.invalid(
          "there are " + parts.size() + " parts and " + lengths.length + " lengths; each part needs one");
    }
    return new Schedule(parts, lengths);
  }

  /** Sets a hyper-parameter. */
  public Schedule set(String name, double value) {
    setValue(name, value);
    return this;
  }

  /** Sets a hyper-parameter that is a list: milestones. */
  public Schedule setList(String name, double... values) {
    try (Scope scope = new Scope()) {
      long text = scope.text("name", name);
      Block list = scope.block(8L * values.length);
      list.put(values);
      use(
          h ->
              Library.call(
                  scope, "gradstep_schedule_set_list", h, text, list.address(), values.length));
    }
    return this;
  }

  /** The learning rate at step t, counted from 0. */
  public double lr(double baseLr, double t) {
    try (Scope scope = new Scope()) {
      Block lr = scope.block(8);
      long base = Library.bits(baseLr);
      use(h -> Library.call(scope, "gradstep_schedule_lr", h, base, Library.bits(t), lr.address()));
      return lr.getDouble(0);
    }
  }

  /** The momentum at step t, if the schedule drives it; otherwise it fails with the kind UNSUPPORTED. */
  public double momentum(double t) {
    try (Scope scope = new Scope()) {
      Block momentum = scope.block(8);
      String call = "gradstep_schedule_momentum";
      use(h -> Library.call(scope, call, h, Library.bits(t), momentum.address()));
      return momentum.getDouble(0);
    }
  }
}

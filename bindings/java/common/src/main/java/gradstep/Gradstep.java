// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.util.ArrayList;
import java.util.List;

/** What the library has. All of it comes from the library. */
public final class Gradstep {
  private Gradstep() {}

  /**
   * A hyper-parameter of a rule or a schedule.
   *
   * @param name as set takes it
   * @param help one line
   * @param defaultValue NaN: a value must be set
   * @param minimum the lowest value, or the bound above which values are
   * @param maximum the highest value, or the bound below which values are
   * @param kind what values there are
   */
  public record Hyperparameter(
      String name, String help, double defaultValue, double minimum, double maximum, Kind kind) {}

  /** What values a hyper-parameter has. All are passed as double. */
  public enum Kind {
    /** Any number within the bounds. */
    REAL,
    /** 0 or 1. */
    FLAG,
    /** A whole number within the bounds. */
    INTEGER,
    /** Any number of values: {@link Schedule#setList}. */
    LIST
  }

  /**
   * An update formula.
   *
   * @param name as {@link Rule} takes it
   * @param summary one line
   * @param formula lines of mathematics
   * @param source the paper or text that the formula is from
   * @param hyperparameters in the library's order
   * @param slots the names of its arrays of state
   * @param scalars the names of the single numbers of its state
   */
  public record RuleInfo(
      String name,
      String summary,
      String formula,
      String source,
      List<Hyperparameter> hyperparameters,
      List<String> slots,
      List<String> scalars) {}

  /**
   * A course of the learning rate.
   *
   * @param name as {@link Schedule} takes it
   * @param summary one line
   * @param formula lines of mathematics
   * @param source the paper or text that the formula is from
   * @param hyperparameters in the library's order
   */
  public record ScheduleInfo(
      String name, String summary, String formula, String source, List<Hyperparameter> hyperparameters) {}

  /** The version of the running library: "0.2.0". */
  public static String version() {
    return Backend.text(Backend.ask("gradstep_version_text"));
  }

  /** The instruction sets of this build that the CPU can run, from the lowest to the highest. */
  public static List<String> instructionSets() {
    List<String> available = new ArrayList<>();
    List<String> all = names("gradstep_isa");
    for (int i = 0; i < all.size(); i++) {
      if ((int) Backend.ask("gradstep_isa_is_available", i) == 1) {
        available.add(all.get(i));
      }
    }
    return List.copyOf(available);
  }

  /** The rules, in the library's order. */
  public static List<RuleInfo> rules() {
    return names("gradstep_rule").stream().map(Gradstep::rule).toList();
  }

  /** What a rule is. */
  public static RuleInfo rule(String name) {
    try (Scope scope = new Scope()) {
      long text = scope.text("rule_name", name);
      Block info = scope.struct(C.gradstep_rule_info.SIZE);
      Library.call(scope, "gradstep_rule_describe", text, info.address());
      List<String> slots = new ArrayList<>();
      for (long i = 0; i < info.getLong(C.gradstep_rule_info.slot_count); i++) {
        Block slot = scope.struct(C.gradstep_slot_info.SIZE);
        Library.call(scope, "gradstep_rule_describe_slot", text, i, slot.address());
        slots.add(slot.textAt(C.gradstep_slot_info.name));
      }
      List<String> scalars = new ArrayList<>();
      for (long i = 0; i < info.getLong(C.gradstep_rule_info.scalar_count); i++) {
        Block scalar = scope.struct(C.gradstep_scalar_info.SIZE);
        Library.call(scope, "gradstep_rule_describe_scalar", text, i, scalar.address());
        scalars.add(scalar.textAt(C.gradstep_scalar_info.name));
      }
      return new RuleInfo(
          info.textAt(C.gradstep_rule_info.name),
          info.textAt(C.gradstep_rule_info.summary),
          info.textAt(C.gradstep_rule_info.formula),
          info.textAt(C.gradstep_rule_info.source),
          hyperparameters(
              scope, "gradstep_rule", text, info.getLong(C.gradstep_rule_info.hyperparameter_count)),
          List.copyOf(slots),
          List.copyOf(scalars));
    }
  }

  /** The schedules, in the library's order. */
  public static List<ScheduleInfo> schedules() {
    return names("gradstep_schedule").stream().map(Gradstep::schedule).toList();
  }

  /** What a schedule is. */
  public static ScheduleInfo schedule(String name) {
    try (Scope scope = new Scope()) {
      long text = scope.text("schedule_name", name);
      Block info = scope.struct(C.gradstep_schedule_info.SIZE);
      Library.call(scope, "gradstep_schedule_describe", text, info.address());
      return new ScheduleInfo(
          info.textAt(C.gradstep_schedule_info.name),
          info.textAt(C.gradstep_schedule_info.summary),
          info.textAt(C.gradstep_schedule_info.formula),
          info.textAt(C.gradstep_schedule_info.source),
          hyperparameters(
              scope,
              "gradstep_schedule",
              text,
              info.getLong(C.gradstep_schedule_info.hyperparameter_count)));
    }
  }

  private static List<String> names(String what) {
    List<String> names = new ArrayList<>();
    for (long i = 0; i < Backend.ask(what + "_count"); i++) {
      names.add(Backend.text(Backend.ask(what + "_name", i)));
    }
    return List.copyOf(names);
  }

  private static List<Hyperparameter> hyperparameters(Scope scope, String what, long name, long count) {
    List<Hyperparameter> all = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      Block info = scope.struct(C.gradstep_hyperparameter_info.SIZE);
      Library.call(scope, what + "_describe_hyperparameter", name, i, info.address());
      all.add(
          new Hyperparameter(
              info.textAt(C.gradstep_hyperparameter_info.name),
              info.textAt(C.gradstep_hyperparameter_info.help),
              info.getDouble(C.gradstep_hyperparameter_info.default_value),
              info.getDouble(C.gradstep_hyperparameter_info.minimum),
              info.getDouble(C.gradstep_hyperparameter_info.maximum),
              Kind.values()[info.getInt(C.gradstep_hyperparameter_info.kind)]));
    }
    return List.copyOf(all);
  }
}

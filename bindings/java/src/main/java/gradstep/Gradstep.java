// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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
   * @param isList any number of values: {@link Schedule#setList}
   */
  public record Hyperparameter(
      String name, String help, double defaultValue, double minimum, double maximum, boolean isList) {}

  /**
   * An update formula.
   *
   * @param name as {@link Rule} takes it
   * @param summary one line
   * @param formula lines of mathematics
   * @param source the paper or text that the formula is from
   * @param hyperparameters in the library's order
   * @param slots the names of its arrays of state
   */
  public record RuleInfo(
      String name,
      String summary,
      String formula,
      String source,
      List<Hyperparameter> hyperparameters,
      List<String> slots) {}

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
    return Native.text(Native.ask("gradstep_version_text"));
  }

  /** The instruction sets of this build, from the lowest to the highest. */
  public static List<String> instructionSets() {
    return names("gradstep_isa");
  }

  /** The rules, in the library's order. */
  public static List<RuleInfo> rules() {
    return names("gradstep_rule").stream().map(Gradstep::rule).toList();
  }

  /** What a rule is. */
  public static RuleInfo rule(String name) {
    try (Arena arena = Arena.ofConfined()) {
      long text = Native.text(arena, "rule_name", name);
      MemorySegment info = Native.struct(arena, C.gradstep_rule_info.SIZE);
      Native.call(arena, "gradstep_rule_describe", text, info.address());
      List<String> slots = new ArrayList<>();
      for (long i = 0; i < Native.getLong(info, C.gradstep_rule_info.slot_count); i++) {
        MemorySegment slot = Native.struct(arena, C.gradstep_slot_info.SIZE);
        Native.call(arena, "gradstep_rule_describe_slot", text, i, slot.address());
        slots.add(textAt(slot, C.gradstep_slot_info.name));
      }
      return new RuleInfo(
          textAt(info, C.gradstep_rule_info.name),
          textAt(info, C.gradstep_rule_info.summary),
          textAt(info, C.gradstep_rule_info.formula),
          textAt(info, C.gradstep_rule_info.source),
          hyperparameters(
              arena, "gradstep_rule", text, Native.getLong(info, C.gradstep_rule_info.hyperparameter_count)),
          List.copyOf(slots));
    }
  }

  /** The schedules, in the library's order. */
  public static List<ScheduleInfo> schedules() {
    return names("gradstep_schedule").stream().map(Gradstep::schedule).toList();
  }

  /** What a schedule is. */
  public static ScheduleInfo schedule(String name) {
    try (Arena arena = Arena.ofConfined()) {
      long text = Native.text(arena, "schedule_name", name);
      MemorySegment info = Native.struct(arena, C.gradstep_schedule_info.SIZE);
      Native.call(arena, "gradstep_schedule_describe", text, info.address());
      return new ScheduleInfo(
          textAt(info, C.gradstep_schedule_info.name),
          textAt(info, C.gradstep_schedule_info.summary),
          textAt(info, C.gradstep_schedule_info.formula),
          textAt(info, C.gradstep_schedule_info.source),
          hyperparameters(
              arena,
              "gradstep_schedule",
              text,
              Native.getLong(info, C.gradstep_schedule_info.hyperparameter_count)));
    }
  }

  private static List<String> names(String what) {
    List<String> names = new ArrayList<>();
    for (long i = 0; i < Native.ask(what + "_count"); i++) {
      names.add(Native.text(Native.ask(what + "_name", i)));
    }
    return List.copyOf(names);
  }

  private static String textAt(MemorySegment struct, long field) {
    return Native.text(Native.getLong(struct, field));
  }

  private static List<Hyperparameter> hyperparameters(Arena arena, String what, long name, long count) {
    List<Hyperparameter> all = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      MemorySegment info = Native.struct(arena, C.gradstep_hyperparameter_info.SIZE);
      Native.call(arena, what + "_describe_hyperparameter", name, i, info.address());
      all.add(
          new Hyperparameter(
              textAt(info, C.gradstep_hyperparameter_info.name),
              textAt(info, C.gradstep_hyperparameter_info.help),
              Native.getDouble(info, C.gradstep_hyperparameter_info.default_value),
              Native.getDouble(info, C.gradstep_hyperparameter_info.minimum),
              Native.getDouble(info, C.gradstep_hyperparameter_info.maximum),
              Native.getInt(info, C.gradstep_hyperparameter_info.kind) == C.LIST));
    }
    return List.copyOf(all);
  }
}

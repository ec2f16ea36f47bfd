// SPDX-License-Identifier: Apache-2.0
//
// Calls about contexts, rules, schedules and structs that the caller owns.
#include <exception>
#include <vector>

#include "fuzz/call_world.hpp"

namespace gradstep_test {
namespace {

using w = call_world;

template <class T>
constexpr auto out = &w::output<T>;
template <class Struct>
constexpr auto info = &w::output_struct<Struct>;

/// Destroys one handle, or NULL.
template <class Handle>
void destroy(call_world& world, std::vector<Handle*>& handles, void (*call)(Handle*)) {
  const std::uint8_t choice = world.in.byte();
  if (choice == 0 || handles.empty()) return call(nullptr);
  const std::size_t index = choice % handles.size();
  call(handles[index]);
  handles.erase(handles.begin() + static_cast<std::ptrdiff_t>(index));
}

// ---- Contexts ---------------------------------------------------------------------------------

void run_in_reverse(void* /*pool*/, std::size_t count, gradstep_task task, void* argument) {
  for (std::size_t i = count; i-- > 0;) task(argument, i);
}
void run_half(void* /*pool*/, std::size_t count, gradstep_task task, void* argument) {
  for (std::size_t i = 0; i < count; i += 2) task(argument, i);
}
void run_none(void* /*pool*/, std::size_t /*count*/, gradstep_task /*task*/, void* /*argument*/) {}
void run_twice_and_throw(void* /*pool*/, std::size_t count, gradstep_task task, void* argument) {
  for (std::size_t i = 0; i < 2 * count; ++i) task(argument, i % count);
  throw std::exception();
}

gradstep_context_options* context_options(call_world& world) {
  auto& in = world.in;
  gradstep_context_options options{};
  constexpr std::uint64_t flags[] = {0, 8, 24, 28, 4, 1, 2, 3, 16, 31, 32, UINT64_MAX};
  options.flags = in.one_of(flags);
  constexpr std::size_t threads[] = {1, 2, 3, 1024, 0, 1025, SIZE_MAX};
  options.thread_count = in.one_of(threads);
  if (in.chance(128)) options.isa = world.name_of(w::names().isas);
  constexpr gradstep_parallel_for pools[] = {nullptr, run_in_reverse, run_half, run_none,
                                             run_twice_and_throw};
  options.parallel_for = in.one_of(pools);
  if (in.chance(16)) options.pool = &world;
  constexpr std::size_t sizes[] = {0, 1, 64, 65, 1000, SIZE_MAX, SIZE_MAX - 63};
  options.serial_below = in.one_of(sizes);
  options.piece_size = in.one_of(sizes);
  return world.given_struct(options);
}

void create_context(call_world& world) {
  const auto* const options = context_options(world);
  auto** const created = world.output<gradstep_context*>();
  if (world.contexts.size() >= 4) return;
  const auto status = world.check("gradstep_context_create",
                                  [&] { return gradstep_context_create(options, created); });
  w::keep(world.contexts, status, created);
}

/// No optimizer uses the context that is destroyed.
void destroy_context(call_world& world) {
  std::vector<gradstep_context*> unused, used;
  for (auto* each : world.contexts) {
    bool is_used = false;
    for (const auto& o : world.optimizers) is_used |= o.context == each;
    (is_used ? used : unused).push_back(each);
  }
  destroy(world, unused, gradstep_context_destroy);
  world.contexts = used;
  world.contexts.insert(world.contexts.end(), unused.begin(), unused.end());
}

void describe_context(call_world& world) {
  world.make("gradstep_context_describe", gradstep_context_describe, &w::context,
             info<gradstep_context_info>);
}

// ---- Rules ------------------------------------------------------------------------------------

void describe_rule(call_world& world) {
  world.make("gradstep_rule_describe", gradstep_rule_describe, &w::rule_name,
             info<gradstep_rule_info>);
}
void describe_hyperparameter(call_world& world) {
  world.make("gradstep_rule_describe_hyperparameter", gradstep_rule_describe_hyperparameter,
             &w::rule_name, &w::size, info<gradstep_hyperparameter_info>);
}
void describe_slot(call_world& world) {
  world.make("gradstep_rule_describe_slot", gradstep_rule_describe_slot, &w::rule_name, &w::size,
             info<gradstep_slot_info>);
}
void describe_scalar(call_world& world) {
  world.make("gradstep_rule_describe_scalar", gradstep_rule_describe_scalar, &w::rule_name,
             &w::size, info<gradstep_scalar_info>);
}
void create_rule(call_world& world) {
  const char* const name = world.rule_name();
  auto** const created = world.output<gradstep_rule*>();
  if (world.rules.size() >= 6) return;
  const auto status =
      world.check("gradstep_rule_create", [&] { return gradstep_rule_create(name, created); });
  w::keep(world.rules, status, created);
  if (status == GRADSTEP_OK) world.rule_names[*created] = name;
}
void destroy_rule(call_world& world) { destroy(world, world.rules, gradstep_rule_destroy); }
void set_rule(call_world& world) {
  world.make("gradstep_rule_set", gradstep_rule_set, &w::rule, &w::hyperparameter_name, &w::real);
}
void get_rule(call_world& world) {
  world.make("gradstep_rule_get", gradstep_rule_get, &w::rule, &w::hyperparameter_name,
             out<double>);
}
void check_rule(call_world& world) {
  world.make("gradstep_rule_check", gradstep_rule_check, &w::rule);
}

/// Calls that return no status.
void ask_for_names(call_world& world) {
  const std::size_t index = world.size();
  for (const char* name :
       {gradstep_isa_name(index), gradstep_rule_name(index), gradstep_schedule_name(index),
        gradstep_rule_transform_name(world.rule_name(), index)}) {
    check_that(name == nullptr || *name != '\0', "an empty name");
  }
  check_that(gradstep_isa_is_available(index) == 0 || gradstep_isa_name(index) != nullptr,
             "an instruction set without a name");
  check_that(*gradstep_status_name(world.small_integer()) != '\0', "a status without a name");
  check_that(*gradstep_version_text() != '\0' && gradstep_version() != 0, "no version");
}

// ---- Schedules --------------------------------------------------------------------------------

void describe_schedule(call_world& world) {
  world.make("gradstep_schedule_describe", gradstep_schedule_describe, &w::schedule_name,
             info<gradstep_schedule_info>);
}
void describe_parameter(call_world& world) {
  world.make("gradstep_schedule_describe_hyperparameter", gradstep_schedule_describe_hyperparameter,
             &w::schedule_name, &w::size, info<gradstep_hyperparameter_info>);
}
void create_schedule(call_world& world) {
  const char* const name = world.schedule_name();
  auto** const created = world.output<gradstep_schedule*>();
  if (world.schedules.size() >= 12) return;
  const auto status = world.check("gradstep_schedule_create",
                                  [&] { return gradstep_schedule_create(name, created); });
  w::keep(world.schedules, status, created);
}
void create_sequence(call_world& world) {
  std::vector<const gradstep_schedule*> parts(world.in.below(5));
  std::vector<std::uint64_t> lengths(parts.size());
  for (auto& each : parts) each = world.schedule();
  for (auto& each : lengths) each = world.in.chance(240) ? 3 : world.size();
  const std::size_t count = world.in.chance(8) ? SIZE_MAX - 3 : parts.size();
  // A count that no memory has: the library must refuse it, or NULL, before it reads.
  const bool is_null = count != parts.size() || world.in.chance(8);
  const auto* const given = is_null ? nullptr : world.memory.copy(parts.data(), parts.size());
  const auto* const given_lengths = world.memory.copy(lengths.data(), lengths.size());
  auto** const created = world.output<gradstep_schedule*>();
  if (world.schedules.size() >= 12) return;
  const auto status = world.check("gradstep_schedule_create_sequence", [&] {
    return gradstep_schedule_create_sequence(given, given_lengths, count, created);
  });
  w::keep(world.schedules, status, created);
}
void destroy_schedule(call_world& world) {
  destroy(world, world.schedules, gradstep_schedule_destroy);
}
void set_schedule(call_world& world) {
  world.make("gradstep_schedule_set", gradstep_schedule_set, &w::schedule, &w::parameter_name,
             &w::real);
}
void get_schedule(call_world& world) {
  world.make("gradstep_schedule_get", gradstep_schedule_get, &w::schedule, &w::parameter_name,
             out<double>);
}
void set_list(call_world& world) {
  auto* const schedule = world.schedule();
  const char* const name = world.parameter_name();
  std::vector<double> values(world.in.below(6));
  double last = 0;
  for (auto& each : values) each = last = world.in.chance(32) ? world.real() : last + 2;
  constexpr std::size_t wrong[] = {65537, SIZE_MAX, SIZE_MAX / 8 + 2};
  const bool is_wrong = world.in.chance(16);
  const std::size_t count = is_wrong ? world.in.one_of(wrong) : values.size();
  const auto* const given =
      world.in.chance(8) && count != 0 ? nullptr : world.memory.copy(values.data(), values.size());
  world.check("gradstep_schedule_set_list",
              [&] { return gradstep_schedule_set_list(schedule, name, given, count); });
}
void check_schedule(call_world& world) {
  world.make("gradstep_schedule_check", gradstep_schedule_check, &w::schedule);
}
void rate_of_schedule(call_world& world) {
  world.make("gradstep_schedule_lr", gradstep_schedule_lr, &w::schedule, &w::real, &w::real,
             out<double>);
}
void momentum_of_schedule(call_world& world) {
  world.make("gradstep_schedule_momentum", gradstep_schedule_momentum, &w::schedule, &w::real,
             out<double>);
}

// ---- Loss scalers and plateaus ----------------------------------------------------------------

void init_scaler(call_world& world) {
  world.make("gradstep_loss_scaler_init", gradstep_loss_scaler_init, info<gradstep_loss_scaler>);
}
void update_scaler(call_world& world) {
  gradstep_loss_scaler scaler{};
  scaler.scale = world.real();
  scaler.growth_factor = world.real();
  scaler.backoff_factor = world.real();
  scaler.growth_interval = world.size();
  scaler.steps_in_a_row = world.size();
  auto* const given = world.given_struct(scaler);
  const std::int32_t is_skipped = world.small_integer();
  world.check("gradstep_loss_scaler_update",
              [&] { return gradstep_loss_scaler_update(given, is_skipped); });
}
void init_plateau(call_world& world) {
  world.make("gradstep_plateau_init", gradstep_plateau_init, info<gradstep_plateau>, &w::real);
}
void report_plateau(call_world& world) {
  gradstep_plateau plateau{};
  plateau.lr = world.real();
  plateau.factor = world.in.chance(128) ? world.real() : 0.5;
  plateau.threshold = plateau.min_lr = world.real();
  plateau.eps = plateau.best = world.real();
  plateau.patience = world.size();
  plateau.cooldown = world.size();
  plateau.maximizes = world.in.chance(32) ? world.small_integer() : 0;
  auto* const given = world.given_struct(plateau);
  const double metric = world.real();
  auto* const is_reduced = world.output<std::int32_t>();
  world.check("gradstep_plateau_report",
              [&] { return gradstep_plateau_report(given, metric, is_reduced); });
}

// ---- Calls by name ----------------------------------------------------------------------------

/// Arguments that suit gradstep_rule_set. If the function is another one, their number does not
/// suit it.
void call_by_name(call_world& world) {
  const bool is_right = world.in.chance(128);
  static const std::vector<std::string> others = {"gradstep_rule_check", "gradstep_call",
                                                  "gradstep_optimizer_describe",
                                                  "gradstep_rule_destroy", "gradstep_apply_part"};
  const char* const function = is_right ? "gradstep_rule_set" : world.name_of(others);
  std::uint64_t words[3];
  words[0] = reinterpret_cast<std::uintptr_t>(world.rule());
  words[1] = reinterpret_cast<std::uintptr_t>(world.hyperparameter_name());
  const double value = world.real();
  std::memcpy(&words[2], &value, sizeof value);
  const bool is_huge = world.in.chance(32);
  const auto* const given = is_huge ? nullptr : world.memory.copy(words, 3);
  constexpr std::size_t counts[] = {SIZE_MAX, SIZE_MAX / 8 + 4, 100};
  const std::size_t count = is_huge ? world.in.one_of(counts) : 3;
  const std::size_t bytes = world.in.below(200);
  char* const sentence = bytes == 0 ? nullptr : static_cast<char*>(world.memory.block(bytes));
  world.writes_on_failure = true;
  world.check("gradstep_call",
              [&] { return gradstep_call(function, given, count, sentence, bytes); });
  check_that(bytes == 0 || std::memchr(sentence, 0, bytes) != nullptr, "a sentence without an end");
}

constexpr call_maker makers[] = {create_context,
                                 destroy_context,
                                 describe_context,
                                 describe_rule,
                                 describe_hyperparameter,
                                 describe_slot,
                                 describe_scalar,
                                 create_rule,
                                 destroy_rule,
                                 set_rule,
                                 get_rule,
                                 check_rule,
                                 ask_for_names,
                                 describe_schedule,
                                 describe_parameter,
                                 create_schedule,
                                 create_sequence,
                                 destroy_schedule,
                                 set_schedule,
                                 get_schedule,
                                 set_list,
                                 check_schedule,
                                 rate_of_schedule,
                                 momentum_of_schedule,
                                 init_scaler,
                                 update_scaler,
                                 init_plateau,
                                 report_plateau,
                                 call_by_name};

}  // namespace

std::span<const call_maker> object_calls() { return makers; }

}  // namespace gradstep_test

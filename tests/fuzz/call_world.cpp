// SPDX-License-Identifier: Apache-2.0
#include "fuzz/call_world.hpp"

namespace gradstep_test {

std::string set_marker() {
  gradstep_context_options options{};
  options.struct_size = sizeof options;
  options.isa = "no instruction set";
  gradstep_context* none = nullptr;
  gradstep_context_create(&options, &none);
  return gradstep_last_error();
}

/// A context of one thread, a rule, a schedule, and an optimizer that has a group.
call_world::call_world(fuzz_input input) : in(input) {
  gradstep_context_options options{};
  options.struct_size = sizeof options;
  options.thread_count = 1;
  gradstep_context* context = nullptr;
  check_that(gradstep_context_create(&options, &context) == GRADSTEP_OK, gradstep_last_error());
  contexts.push_back(context);
  for (const auto& name : {in.one_of(names().rules), std::string("sgd")}) {
    gradstep_rule* rule = nullptr;
    check_that(gradstep_rule_create(name.c_str(), &rule) == GRADSTEP_OK, gradstep_last_error());
    rules.push_back(rule);
    rule_names[rule] = name;
  }
  gradstep_schedule* schedule = nullptr;
  check_that(gradstep_schedule_create("constant", &schedule) == GRADSTEP_OK, gradstep_last_error());
  schedules.push_back(schedule);
  gradstep_optimizer* optimizer = nullptr;
  check_that(gradstep_optimizer_create(context, nullptr, &optimizer) == GRADSTEP_OK,
             gradstep_last_error());
  optimizers.push_back({optimizer, context, {}});
  gradstep_group_options group{};
  group.struct_size = sizeof group;
  group.name = "g0";
  group.rule = rules[0];
  check_that(gradstep_optimizer_add_group(optimizer, &group, nullptr) == GRADSTEP_OK,
             gradstep_last_error());
}

call_world::~call_world() {
  for (const auto& each : optimizers) gradstep_optimizer_destroy(each.handle);
  for (auto* each : schedules) gradstep_schedule_destroy(each);
  for (auto* each : rules) gradstep_rule_destroy(each);
  for (auto* each : contexts) gradstep_context_destroy(each);
}

std::vector<std::string> call_world::checkpoints() const {
  std::vector<std::string> all;
  for (const auto& each : optimizers) all.push_back(checkpoint_of(each.handle));
  return all;
}

void call_world::check_failure(const std::string& call, gradstep_status status,
                               const std::vector<std::string>& before) const {
  const std::string sentence = gradstep_last_error();
  check_that(status > 0 && status <= GRADSTEP_MISMATCH, call + " returned an unknown status");
  check_that(status != GRADSTEP_INTERNAL, call + " found a defect: " + sentence);
  check_that(!sentence.empty(), call + " failed without a sentence");
  check_that(sentence.size() < 4096, call + " failed with too long a sentence");
  check_that(writes_on_failure || memory.is_as_remembered(),
             call + " failed and changed memory: " + sentence);
  if (!before.empty()) {
    check_that(checkpoints() == before, call + " failed and changed an optimizer: " + sentence);
  }
}

gradstep_status call_world::check(const char* name, const std::function<gradstep_status()>& call) {
  const bool compares_state = in.chance(64);
  const auto before = compares_state ? checkpoints() : std::vector<std::string>();
  if (!writes_on_failure) memory.remember();
  const std::string marker = set_marker();
  const gradstep_status status = call();
  if (status != GRADSTEP_OK) {
    check_that(gradstep_last_error() != marker, std::string(name) + " left no sentence");
    check_failure(name, status, before);
  } else {
    check_that(gradstep_last_error() == marker, std::string(name) + " succeeded with a sentence");
  }
  writes_on_failure = false;
  return status;
}

const char* call_world::name_of(const std::vector<std::string>& names) {
  const std::uint8_t choice = in.byte();
  if (choice == 255) return nullptr;
  if (choice < 224) {
    const auto& name = names[choice % names.size()];
    return memory.copy(name.c_str(), name.size() + 1);
  }
  const auto& name = in.one_of(call_world::names().wrong);
  return memory.copy(name.c_str(), name.size() + 1);
}

const char* call_world::given_name() {
  static const std::vector<std::string> all = {"t0", "t1", "t2", "t3",        "g0",
                                               "g1", "g2", "n",  "t0.exp_avg"};
  return name_of(all);
}

}  // namespace gradstep_test

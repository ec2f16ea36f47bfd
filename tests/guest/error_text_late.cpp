// SPDX-License-Identifier: Apache-2.0
//
// Calls that fail while the process ends, in static destructors and atexit functions, some
// registered before the library's first failure. Exits with 0 when every failure had its sentence.
#include <gradstep/gradstep.h>

#include <cstdlib>
#include <cstring>
#include <string>

namespace {

enum moment { before_main, in_main, at_thread_exit, in_atexit, in_a_static_destructor };

int good_calls = 0;
gradstep_rule* rule = nullptr;

std::string sentence_of(int when) {
  return "lr = -" + std::to_string(1000 + when) + " is outside [0, inf)";
}

/// Two calls that fail in different layers. Before them, the last sentence is that of the moment
/// before.
void call(int when) {
  if (rule == nullptr && gradstep_rule_create("sgd", &rule) != GRADSTEP_OK) return;
  const std::string before = when == before_main ? "" : sentence_of(when - 1);
  if (gradstep_last_error() != before) return;
  gradstep_rule_info info{};
  info.struct_size = sizeof info;
  if (gradstep_rule_describe("no_such_rule", &info) != GRADSTEP_UNKNOWN_NAME) return;
  if (std::strstr(gradstep_last_error(), "no_such_rule") == nullptr) return;
  if (gradstep_rule_set(rule, "lr", -1000.0 - when) != GRADSTEP_OUT_OF_RANGE) return;
  if (gradstep_last_error() == sentence_of(when)) ++good_calls;
}

struct last_of_all {
  ~last_of_all() {
    call(in_a_static_destructor);
    std::_Exit(good_calls == 5 ? 0 : 1);
  }
} destroyed_last;

struct calls_when_made {
  calls_when_made() { call(before_main); }
} made_early;

struct calls_when_destroyed {
  ~calls_when_destroyed() { call(at_thread_exit); }
};

}  // namespace

int main() {
  std::atexit([] { call(in_atexit); });
  thread_local calls_when_destroyed of_main;
  static_cast<void>(&of_main);
  call(in_main);
}

// SPDX-License-Identifier: Apache-2.0
//
// A slot that no step has used is still fresh after saving and loading.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <string>

#include "support/checkpoint_files.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/number_array.hpp"
#include "support/optimizer_setup.hpp"
#include "support/rule_setup.hpp"
#include "support/scratch_folder.hpp"

namespace gradstep_test {
namespace {

/// Two steps of plain descent, then two with momentum and dampening. The momentum buffer starts
/// undamped, even if the run was saved and loaded in between.
double param_after_late_momentum(bool owns_slots, bool is_saved, const std::string& path) {
  const auto context = make_serial_context();
  const auto sgd = make_rule("sgd", {{"lr", 0.5}, {"dampening", 0.5}});
  plain_tensor array(5);
  number_array buffer(GRADSTEP_FLOAT32, 5);
  array.param.fill(0);
  array.grad.fill(1);
  buffer.fill(0);
  const gradstep_array slots[] = {buffer.view()};
  auto t = array.tensor();
  t.slots = owns_slots ? nullptr : slots;
  t.slot_count = owns_slots ? 0 : 1;
  const auto make = [&] {
    auto made = make_optimizer(context.get());
    add_group(made.get(), "all", sgd.get());
    add_tensor(made.get(), 0, "weight", t);
    return made;
  };
  auto optimizer = make();
  step(optimizer.get());
  step(optimizer.get());
  const auto set_momentum = [&] {
    expect_ok(gradstep_optimizer_set_hyperparameter(optimizer.get(), 0, "momentum", 0.75));
  };
  set_momentum();
  if (is_saved) {
    save(optimizer, path);
    optimizer = make();
    set_momentum();
    load(optimizer, path);
  }
  step(optimizer.get());
  step(optimizer.get());
  return array.param.get(0);
}

TEST(fresh_slots, are_still_fresh_when_loaded) {
  const scratch_folder folder;
  for (const bool owns_slots : {true, false}) {
    for (const bool is_saved : {false, true}) {
      // Two steps of -0.5 * 1, then -0.5 * 1 and -0.5 * (0.75 * 1 + 0.5 * 1).
      EXPECT_EQ(param_after_late_momentum(owns_slots, is_saved, folder / "late"), -2.125);
    }
  }
}

}  // namespace
}  // namespace gradstep_test

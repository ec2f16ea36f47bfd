// SPDX-License-Identifier: Apache-2.0
//
// A run that is saved, and resumed in another process, ends with the bits of a run that never
// stopped, whatever the resumed model's order, numbers, threads, instruction set and dtypes were.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/scripted_model.hpp"
#include "support/checkpoint_files.hpp"
#include "support/child_process.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/schedule_setup.hpp"
#include "support/scratch_folder.hpp"
#include "support/sized_struct.hpp"
#include "support/storages.hpp"
#include "support/test_paths.hpp"

namespace gradstep_test {
namespace {

/// Events to stop before: the first, between micro-batches, after a skipped step, before and after
/// the late tensor, a late one.
constexpr std::size_t stops[] = {0, 4, 6, 9, 13, 17};

std::string file_name(std::size_t how, std::size_t stop) {
  return std::to_string(how) + '.' + std::to_string(stop);
}

/// A child process trains up to each stop and saves. This process loads each file and trains the
/// rest.
void resume_everywhere(const std::vector<scripted_model::setup>& setups) {
  const scratch_folder folder;
  ASSERT_EQ(run_in_child([&] {
              for (std::size_t s = 0; s < setups.size(); ++s) {
                scripted_model model(setups[s]);
                std::size_t at = 0;
                for (const std::size_t stop : stops) {
                  model.run(at, stop);
                  save(model.optimizer, folder / file_name(s, stop));
                  at = stop;
                }
              }
            }),
            0);
  for (std::size_t s = 0; s < setups.size(); ++s) {
    scripted_model whole(setups[s]);
    std::size_t at = 0;
    for (const std::size_t stop : stops) {
      SCOPED_TRACE(to_text(setups[s].how) + " stop " + std::to_string(stop));
      whole.run(at, stop);
      at = stop;
      auto fresh = setups[s];
      fresh.is_fresh = true;
      fresh.has_late_tensor = stop > scripted_model::late_event;
      scripted_model resumed(fresh);
      const auto result = load(resumed.optimizer, folder / file_name(s, stop));
      EXPECT_EQ(result.loaded_count, fresh.has_late_tensor ? 4U : 3U);
      EXPECT_EQ(result.missing_count + result.extra_count, 0U);
      expect_same_bytes(resumed.state(), whole.state());
      scripted_model rest(setups[s]);
      rest.run(0, scripted_model::event_count);
      resumed.run(stop, scripted_model::event_count);
      expect_same_bytes(resumed.state(), rest.state());
      if (testing::Test::HasFailure()) return;
    }
  }
}

class resumed_training_of : public testing::TestWithParam<std::string> {};

TEST_P(resumed_training_of, has_the_bits_of_one_that_never_stopped) {
  std::vector<scripted_model::setup> setups;
  for (const auto& how : full_storages()) setups.push_back({.rule_name = GetParam(), .how = how});
  resume_everywhere(setups);
}

INSTANTIATE_TEST_SUITE_P(rules, resumed_training_of, testing::ValuesIn(rule_names()),
                         rule_as_test_name);

TEST(resumed_training, every_schedule_resumes) {
  std::vector<gradstep_test::schedule_handle> schedules;
  for (const auto& name : schedule_names()) {
    schedules.push_back(make_complete_schedule(name));
    if (has_parameter(name, "drives_momentum")) {
      schedules.push_back(make_complete_schedule(name, {{"drives_momentum", 1}}));
    }
    schedules.push_back(make_complete_schedule(name, {{"warmup_steps", 3}}));
  }
  const auto inner = make_sequence({schedules[0].get(), schedules[1].get()}, {2, 0});
  schedules.push_back(make_sequence({inner.get(), schedules[2].get(), inner.get()}, {3, 1, 0}));
  auto deepest = make_sequence({schedules[3].get()}, {0});
  for (int depth = 2; depth <= 8; ++depth) deepest = make_sequence({deepest.get()}, {0});
  schedules.push_back(std::move(deepest));
  std::vector<scripted_model::setup> setups;
  setups.reserve(schedules.size());
  for (const auto& schedule : schedules) setups.push_back({.schedule = schedule.get()});
  resume_everywhere(setups);
}

TEST(resumed_training, threads_and_instruction_sets_do_not_matter) {
  const scratch_folder folder;
  for (const auto& isa : fused_isas()) {
    const auto one = make_context(split_options(1, isa.c_str()));
    scripted_model model({.how = full_storages()[2], .context = one.get()});
    model.run(0, 10);
    save(model.optimizer, folder / isa);
    EXPECT_EQ(read_bytes(folder / isa), read_bytes(folder / fused_isas().front()));
    model.run(10, 18);
    for (const auto& other : fused_isas()) {
      const auto three = make_context(split_options(3, other.c_str()));
      scripted_model resumed({.how = full_storages()[2],
                              .is_fresh = true,
                              .has_late_tensor = true,
                              .context = three.get()});
      load(resumed.optimizer, folder / isa);
      resumed.run(10, 18);
      expect_same_bytes(resumed.state(), model.state());
    }
  }
}

TEST(resumed_training, slots_of_other_dtypes_are_converted) {
  const scratch_folder folder;
  const auto context = make_serial_context();
  const auto rule = make_rule("adam");
  constexpr std::size_t count = 5000;
  const auto make = [&](std::int32_t dtype, plain_tensor& arrays) {
    auto optimizer = make_optimizer(context.get());
    auto group = group_options("all", rule.get());
    group.slot_dtype = dtype;
    add_group(optimizer.get(), group);
    add_tensor(optimizer.get(), 0, "a", arrays.tensor());
    return optimizer;
  };
  for (const auto from : slot_dtypes) {
    plain_tensor arrays(count);
    const auto saved = make(from, arrays);
    for (int i = 0; i < 3; ++i) step(saved.get());
    save(saved, folder / "state", 0);
    for (const auto to : slot_dtypes) {
      SCOPED_TRACE(dtype_text(from) + " to " + dtype_text(to));
      plain_tensor other(count, GRADSTEP_FLOAT32, 9), twin_arrays(count);
      const auto loaded = make(to, other), twin = make(to, twin_arrays);
      load(loaded, folder / "state", 0);
      for (const auto& name : slot_names_of("adam")) {
        gradstep_array target{};
        if (gradstep_optimizer_get_array(twin.get(), 0, name.c_str(), &target, nullptr) !=
            GRADSTEP_OK) {
          continue;
        }
        const auto values = read_array(saved.get(), 0, name);
        expect_ok(gradstep_array_write(&target, values.size(), values.data()));
        const auto got = get_array(loaded.get(), 0, name);
        EXPECT_EQ(got.count, count);
        EXPECT_EQ(got.dtype, target.dtype);
        EXPECT_EQ(std::memcmp(got.data, target.data, count * element_size(got.dtype)), 0) << name;
        EXPECT_EQ(read_array(loaded.get(), 0, name), read_array(twin.get(), 0, name)) << name;
      }
    }
  }
}

void check_that_another_program_reads(std::int32_t slot, const std::vector<std::string>& wanted) {
  const scratch_folder folder;
  const auto path = folder / "state";
  scripted_model model({.how = {.slot = slot, .has_average = true}});
  model.run(0, 10);
  save(model.optimizer, path);
  const std::string command = read_checkpoint_command(path) + " > " + (folder / "text");
  ASSERT_EQ(std::system(command.c_str()), 0);
  const auto text = read_bytes(folder / "text");
  for (const auto& words : wanted) {
    EXPECT_NE(text.find(words), std::string::npos) << words << " is not in\n" << text;
  }
}

TEST(resumed_training, another_program_reads_it) {
  check_that_another_program_reads(
      GRADSTEP_E5M3_B256,
      {"layer.2.weight.exp_avg U8 [4500]", "layer.2.weight.exp_avg.scales F32",
       "layer.0.weight.accumulated_grad", "layer.3.weight.average", "all checksums agree"});
  check_that_another_program_reads(
      GRADSTEP_FLOAT16, {"layer.2.weight.exp_avg F16 [4500]", "layer.2.weight.exp_avg_sq F16"});
}

}  // namespace
}  // namespace gradstep_test

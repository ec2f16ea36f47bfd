// SPDX-License-Identifier: Apache-2.0
//
// Public reports of hosts whose floating-point modes or traps changed what a library does.
#include <fenv.h>
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <bit>
#include <cfenv>
#include <cstdint>
#include <functional>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "guest/public_reports_support.hpp"
#include "step/scaled_gradients.hpp"
#include "support/checkpoint_files.hpp"
#include "support/comparison.hpp"
#include "support/optimizer_setup.hpp"
#include "support/reference_rounding.hpp"
#include "support/schedule_setup.hpp"
#include "support/scratch_folder.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

/// Modes of the floating-point units that a host may have set.
struct host_mode {
  const char* name;
  int rounding;
  bool flushes;
};
constexpr host_mode host_modes[] = {{"to nearest", FE_TONEAREST, false},
                                    {"upward", FE_UPWARD, false},
                                    {"downward", FE_DOWNWARD, false},
                                    {"toward zero", FE_TOWARDZERO, false},
                                    {"denormals flushed", FE_TONEAREST, true}};

void set_flushing([[maybe_unused]] bool flushes) {
#if defined(__x86_64__)
  constexpr unsigned flush_and_denormals_are_zero = 0x8040;
  const unsigned others = _mm_getcsr() & ~flush_and_denormals_are_zero;
  _mm_setcsr(others | (flushes ? flush_and_denormals_are_zero : 0));
#endif
}

template <class Body>
void run_in_mode(const host_mode& mode, const Body& body) {
  fesetround(mode.rounding);
  set_flushing(mode.flushes);
  body();
  const int rounding = fegetround();
  fesetround(FE_TONEAREST);
  set_flushing(false);
  EXPECT_EQ(rounding, mode.rounding) << mode.name;
}

// A library built with -ffast-math sets flush-to-zero in the thread that loads it (LLVM 57589), and
// interval arithmetic rounds upwards. The C library's strtod follows either.
TEST(public_reports, a_checkpoint_does_not_follow_the_hosts_modes) {
  const scratch_folder folder;
  for (const double lr : {0.1, 1e-3, 3e-4, 1.0 / 3, 0.7, 2.2e-310, 5e-324}) {
    for (const host_mode& writes : host_modes) {
      for (const host_mode& reads : host_modes) {
        one_tensor_model model("sgd", {{"lr", lr}});
        run_in_mode(writes, [&] { save(model.optimizer, folder / "file"); });
        one_tensor_model other("sgd");
        run_in_mode(reads, [&] { load(other.optimizer, folder / "file"); });
        EXPECT_EQ(std::bit_cast<std::uint64_t>(other.hyperparameter("lr")),
                  std::bit_cast<std::uint64_t>(lr))
            << lr << " written " << writes.name << ", read " << reads.name;
      }
    }
  }
}

TEST(public_reports, a_loss_scale_does_not_follow_the_hosts_modes) {
  std::vector<double> scales;
  for (const host_mode& mode : host_modes) {
    auto scaler = make_loss_scaler();
    scaler.growth_interval = 1;
    scaler.growth_factor = 1.1;
    scaler.backoff_factor = 0.7;
    run_in_mode(mode, [&] {
      for (int i = 0; i < 9; ++i) expect_ok(gradstep_loss_scaler_update(&scaler, i % 3 == 2));
    });
    scales.push_back(scaler.scale);
  }
  for (const double scale : scales) EXPECT_EQ(scale, scales[0]);
}

// Programs that look for their first NaN unmask the exception (geodynamics/aspect 789). A
// comparison with NaN in a library then ends them by SIGFPE.
#if defined(__GLIBC__)

class not_a_number_that_traps : public testing::Test {
 protected:
  void SetUp() override {
    if (feenableexcept(FE_INVALID) == -1) GTEST_SKIP() << "this CPU has no traps";
    fedisableexcept(FE_ALL_EXCEPT);
  }

  /// The status of call(), during which a comparison with NaN raises SIGFPE.
  static gradstep_status status_of(const std::function<gradstep_status()>& call) {
    feclearexcept(FE_ALL_EXCEPT);
    feenableexcept(FE_INVALID);
    const gradstep_status status = call();
    fedisableexcept(FE_ALL_EXCEPT);
    return status;
  }
  static void expect_refused(const std::function<gradstep_status()>& call) {
    EXPECT_EQ(status_of(call), GRADSTEP_OUT_OF_RANGE) << gradstep_last_error();
  }

  one_tensor_model model{"adam"};
};

TEST_F(not_a_number_that_traps, is_refused_by_rules_and_schedules) {
  for (const char* name : {"lr", "beta1", "amsgrad"}) {
    expect_refused([&] { return gradstep_rule_set(model.rule.get(), name, nan_value); });
  }
  const auto schedule = make_schedule("multistep");
  double lr = 0;
  expect_refused(
      [&] { return gradstep_schedule_set_list(schedule.get(), "milestones", &nan_value, 1); });
  expect_refused([&] { return gradstep_schedule_set(schedule.get(), "gamma", nan_value); });
  set_list(schedule, "milestones", {5});
  expect_refused([&] { return gradstep_schedule_lr(schedule.get(), nan_value, 1, &lr); });
  expect_refused([&] { return gradstep_schedule_lr(schedule.get(), 1, nan_value, &lr); });
}

TEST_F(not_a_number_that_traps, is_refused_by_loss_scalers_and_plateaus) {
  for (double gradstep_loss_scaler::*field :
       {&gradstep_loss_scaler::scale, &gradstep_loss_scaler::growth_factor,
        &gradstep_loss_scaler::backoff_factor}) {
    auto scaler = make_loss_scaler();
    scaler.*field = nan_value;
    expect_refused([&] { return gradstep_loss_scaler_update(&scaler, 0); });
  }
  for (double gradstep_plateau::*field :
       {&gradstep_plateau::lr, &gradstep_plateau::factor, &gradstep_plateau::threshold,
        &gradstep_plateau::min_lr, &gradstep_plateau::eps, &gradstep_plateau::best}) {
    auto plateau = make_plateau(0.1);
    plateau.*field = nan_value;
    expect_refused([&] { return gradstep_plateau_report(&plateau, 1, nullptr); });
  }
  auto plateau = sized<gradstep_plateau>();
  expect_refused([&] { return gradstep_plateau_init(&plateau, nan_value); });
}

TEST_F(not_a_number_that_traps, is_refused_by_optimizers) {
  gradstep_optimizer* const optimizer = model.optimizer.get();
  for (const std::uint64_t flag :
       {GRADSTEP_APPLY_MAX_NORM, GRADSTEP_APPLY_MAX_VALUE, GRADSTEP_APPLY_AVERAGE}) {
    auto options = sized<gradstep_optimizer_options>();
    options.flags = flag;
    options.max_norm = options.max_value = options.average_decay = nan_value;
    expect_refused([&] { return gradstep_optimizer_set_options(optimizer, &options); });
  }
  auto group = group_options("other", model.rule.get());
  group.flags = GRADSTEP_GROUP_LR_SCALE;
  group.lr_scale = nan_value;
  expect_refused([&] { return gradstep_optimizer_add_group(optimizer, &group, nullptr); });
  auto given = step_with_norm(nan_value);
  expect_refused([&] { return gradstep_optimizer_step(optimizer, &given, nullptr); });
  given.non_finite_count = 1;  // then the norm may be NaN
  expect_ok(status_of([&] { return gradstep_optimizer_step(optimizer, &given, nullptr); }));
}

#endif  // __GLIBC__

}  // namespace
}  // namespace gradstep_test

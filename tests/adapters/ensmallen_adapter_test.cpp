// SPDX-License-Identifier: Apache-2.0
//
// ens::SGD with gradstep's rules: the bits of gradstep's own steps, resumed runs, errors, and
// ensmallen's own Adam and momentum.
#include <gtest/gtest.h>

#include <gradstep/adapters/ensmallen.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ensmallen.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include "support/comparison.hpp"
#include "support/rule_setup.hpp"
#include "support/scratch_folder.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

using gradstep::ens_update;
using sgd = ens::SGD<ens_update>;

// NOLINTBEGIN(readability-identifier-naming): ensmallen's names

/// A sum of squares whose gradient at (iterate, i) is iterate - target_i, for one matrix.
template <class MatType>
struct squares {
  std::size_t rows = 5, cols = 3;
  std::size_t NumFunctions() const { return 8; }
  void Shuffle() {}
  MatType target(std::size_t i) const {
    MatType values(rows, cols);
    for (std::size_t k = 0; k < values.n_elem; ++k) {
      values(k) = static_cast<typename MatType::elem_type>(random_value(i + 5, k));
    }
    return values;
  }
  auto Evaluate(const MatType& at, std::size_t first, std::size_t count) const {
    typename MatType::elem_type sum = 0;
    for (std::size_t i = first; i < first + count; ++i) {
      sum += arma::accu(arma::square(at - target(i))) / 2;
    }
    return sum;
  }
  template <class GradType>
  void Gradient(const MatType& at, std::size_t first, GradType& gradient, std::size_t count) const {
    gradient.zeros(rows, cols);
    for (std::size_t i = first; i < first + count; ++i) gradient += at - target(i);
  }
};

// NOLINTEND(readability-identifier-naming)

template <class MatType>
MatType start() {
  return squares<MatType>().target(99);
}

constexpr std::size_t batch = 2, steps_per_epoch = 4;
constexpr double rate = 0.02;

sgd make_sgd(const ens_update& update, std::size_t steps, bool is_reset = true) {
  return {rate, batch, batch * steps, -1, false, update, ens::NoDecay(), is_reset};
}

/// The step size that ensmallen gives to an update policy.
double update_rate() {
#if ENS_VERSION_MAJOR >= 3 && !defined(ENS_OLD_SEPARABLE_STEP_BEHAVIOR)
  return rate / batch;
#else
  return rate;
#endif
}

/// Steps by the library's own optimizer.
template <class MatType>
MatType plain_run(const std::string& rule_name, std::size_t steps, std::int32_t slot_dtype = 0) {
  const gradstep::context context;
  gradstep::optimizer optimizer(context);
  const gradstep::rule rule(rule_name, {{"lr", update_rate()}});
  const squares<MatType> function;
  MatType param = start<MatType>(), grad(function.rows, function.cols);
  const auto group = optimizer.add_group("all", rule, nullptr, 1, slot_dtype);
  optimizer.add_tensor(group, "params", param.memptr(), grad.memptr(),
                       gradstep::shape{function.cols, function.rows});
  for (std::size_t i = 0; i < steps; ++i) {
    function.Gradient(param, i % steps_per_epoch * batch, grad, batch);
    optimizer.step();
  }
  return param;
}

template <class MatType>
bool same_bits(const MatType& a, const MatType& b) {
  return a.n_elem == b.n_elem && std::equal(a.begin(), a.end(), b.begin());
}

template <class MatType>
void expect_plain_bits(const std::string& rule_name) {
  SCOPED_TRACE(rule_name);
  squares<MatType> function;
  MatType param = start<MatType>();
  sgd optimizer = make_sgd(ens_update(rule_name), 10);
  optimizer.Optimize(function, param);
  EXPECT_FALSE(same_bits(param, start<MatType>()));
  EXPECT_TRUE(same_bits(param, plain_run<MatType>(rule_name, 10)));
  EXPECT_EQ(optimizer.UpdatePolicy().step_count(), 10U);
}

TEST(ensmallen_adapter, gives_the_bits_of_plain_steps) {
  for (const std::string& rule : rule_names()) {
    expect_plain_bits<arma::mat>(rule);
    expect_plain_bits<arma::fmat>(rule);
  }
}

TEST(ensmallen_adapter, keeps_narrow_slots) {
  squares<arma::fmat> function;
  arma::fmat param = start<arma::fmat>();
  sgd optimizer = make_sgd(ens_update("adamw", {}, GRADSTEP_BFLOAT16), 6);
  optimizer.Optimize(function, param);
  EXPECT_TRUE(same_bits(param, plain_run<arma::fmat>("adamw", 6, GRADSTEP_BFLOAT16)));
  EXPECT_FALSE(same_bits(param, plain_run<arma::fmat>("adamw", 6)));
}

TEST(ensmallen_adapter, goes_on_in_a_second_call) {
  squares<arma::mat> function;
  arma::mat param = start<arma::mat>();
  sgd going_on = make_sgd(ens_update("adam"), steps_per_epoch, false);
  going_on.Optimize(function, param);
  arma::mat moved = param;  // another place in memory
  going_on.Optimize(function, moved);
  const arma::mat whole = plain_run<arma::mat>("adam", 2 * steps_per_epoch);
  EXPECT_TRUE(same_bits(moved, whole));
  sgd beginning_anew = make_sgd(ens_update("adam"), steps_per_epoch, true);
  param = start<arma::mat>();
  beginning_anew.Optimize(function, param);
  beginning_anew.Optimize(function, param);
  EXPECT_FALSE(same_bits(param, whole));
  EXPECT_EQ(beginning_anew.UpdatePolicy().step_count(), steps_per_epoch);
}

TEST(ensmallen_adapter, resumes_from_a_file) {
  const scratch_folder folder;
  for (const std::string& rule : rule_names()) {
    SCOPED_TRACE(rule);
    squares<arma::fmat> function;
    arma::fmat param = start<arma::fmat>();
    {
      sgd first = make_sgd(ens_update(rule), steps_per_epoch);
      first.Optimize(function, param);
      first.UpdatePolicy().save(folder / "state");
    }
    ens_update update(rule);
    update.load(folder / "state");
    sgd second = make_sgd(update, steps_per_epoch);
    second.Optimize(function, param);
    EXPECT_TRUE(same_bits(param, plain_run<arma::fmat>(rule, 2 * steps_per_epoch)));
    EXPECT_EQ(second.UpdatePolicy().step_count(), 2 * steps_per_epoch);
  }
}

TEST(ensmallen_adapter, agrees_with_ensmallens_own_updates) {
  squares<arma::mat> function;
  arma::mat ours = start<arma::mat>(), theirs = ours;
  make_sgd(ens_update("adam", {{"eps_hat", 1}}), 40).Optimize(function, ours);
  ens::SGD<ens::AdamUpdate>(rate, batch, 80, -1, false).Optimize(function, theirs);
  EXPECT_TRUE(arma::approx_equal(ours, theirs, "absdiff", 1e-12));
  ours = theirs = start<arma::mat>();
  make_sgd(ens_update("sgd", {{"momentum", 0.9}, {"lr_in_velocity", 1}}), 40)
      .Optimize(function, ours);
  ens::SGD<ens::MomentumUpdate>(rate, batch, 80, -1, false, ens::MomentumUpdate(0.9))
      .Optimize(function, theirs);
  EXPECT_TRUE(arma::approx_equal(ours, theirs, "absdiff", 1e-12));
}

// NOLINTBEGIN(readability-identifier-naming): ensmallen's names
/// Halves the step size after every step.
struct halving {
  template <class MatType, class GradType>
  struct Policy {
    explicit Policy(const halving&) {}
    template <class StepSize>
    void Update(MatType&, StepSize& step_size, const GradType&) {
      step_size /= 2;
    }
  };
};

// NOLINTEND(readability-identifier-naming)

TEST(ensmallen_adapter, follows_a_decay_policy) {
  squares<arma::mat> function;
  arma::mat param = start<arma::mat>(), plain = param, grad;
  ens::SGD<ens_update, halving> optimizer(rate, batch, batch * 5, -1, false, ens_update("sgd"));
  optimizer.Optimize(function, param);
  const gradstep::context context;
  gradstep::rule rule("sgd");
  grad = plain;
  gradstep::parameter<double> reference(rule, plain.memptr(), grad.memptr(), plain.n_elem);
  for (std::size_t i = 0; i < 5; ++i) {
    function.Gradient(plain, i % steps_per_epoch * batch, grad, batch);
    rule.set("lr", update_rate() / static_cast<double>(1 << i));
    reference.step(context, rule, i + 1);
  }
  EXPECT_TRUE(same_bits(param, plain));
}

TEST(ensmallen_adapter, restarts_with_sgdr) {
  squares<arma::mat> function;
  arma::mat param = start<arma::mat>();
  ens::SGDR<ens_update> optimizer(2, 2.0, batch, rate, 400, -1, false, ens_update("adamw"));
  const double before = function.Evaluate(param, 0, 8);
  optimizer.Optimize(function, param);
  EXPECT_LT(function.Evaluate(param, 0, 8), before);
}

TEST(ensmallen_adapter, makes_transforms) {
  squares<arma::mat> function;
  arma::mat param = start<arma::mat>();
  sgd optimizer = make_sgd(ens_update("schedule_free_adamw"), 6, false);
  optimizer.Optimize(function, param);
  const arma::mat trained = param;
  optimizer.UpdatePolicy().transform("evaluate", param);
  EXPECT_FALSE(same_bits(param, trained));
  EXPECT_THROW(optimizer.Optimize(function, param), gradstep::error);
  optimizer.UpdatePolicy().transform("train", param);
  optimizer.Optimize(function, param);
  EXPECT_EQ(optimizer.UpdatePolicy().step_count(), 12U);
}

TEST(ensmallen_adapter, names_slots_and_hyperparameters) {
  squares<arma::mat> function;
  arma::mat param = start<arma::mat>();
  ens_update update("adam", {{"beta1", 0.5}});
  EXPECT_EQ(update.get("beta1"), 0.5);
  update.set("beta1", 0.75);
  EXPECT_EQ(update.get("beta1"), 0.75);
  EXPECT_TRUE(update.slot("exp_avg").empty());
  sgd optimizer = make_sgd(update, 1);
  optimizer.Optimize(function, param);
  arma::mat grad;
  function.Gradient(start<arma::mat>(), 0, grad, batch);
  const auto first = optimizer.UpdatePolicy().slot("exp_avg");
  ASSERT_EQ(first.size(), 15U);
  for (std::size_t i = 0; i < 15; ++i) EXPECT_NEAR(first[i], 0.25 * grad(i), 1e-15);
}

template <class Call>
std::string sentence_of(const Call& call) {
  try {
    call();
  } catch (const gradstep::error& failure) {
    return failure.what();
  }
  return "nothing was thrown";
}

TEST(ensmallen_adapter, refuses_wrong_arguments) {
  const scratch_folder folder;
  expect_words(sentence_of([] { ens_update("adm"); }), {"adm", "adam"});
  expect_words(sentence_of([] { ens_update("adam", {{"beta1", 1}}); }), {"beta1", "[0, 1)"});
  expect_words(sentence_of([] { ens_update("adam", {}, 77); }), {"slot_dtype", "77"});
  ens_update update("adam");
  expect_words(sentence_of([&] { update.set("beta3", 0.5); }), {"beta3"});
  expect_words(sentence_of([&] { update.save(folder / "none"); }), {"before the first step"});
  expect_words(sentence_of([&] { update.load(folder / "none"); }), {"none"});
  write_bytes(folder / "damaged", "these are no bytes of a checkpoint, but there are enough");
  EXPECT_THROW(update.load(folder / "damaged"), gradstep::error);

  squares<arma::mat> function;
  arma::mat param = start<arma::mat>();
  sgd optimizer = make_sgd(update, 1);
  optimizer.StepSize() = -1;
  expect_words(sentence_of([&] { optimizer.Optimize(function, param); }), {"lr", "[0,"});
  EXPECT_TRUE(same_bits(param, start<arma::mat>())) << "a refused step changes nothing";
  optimizer.StepSize() = rate;
  optimizer.Optimize(function, param);
  optimizer.UpdatePolicy().save(folder / "adam");
  ens_update of_other_rule("sgd");
  of_other_rule.load(folder / "adam");
  sgd other = make_sgd(of_other_rule, 1);
  expect_words(sentence_of([&] { other.Optimize(function, param); }), {"adam", "sgd"});
}

TEST(ensmallen_adapter, refuses_another_size) {
  ens_update update;
  ens_update::Policy<arma::mat, arma::mat> policy(update, 2, 3);
  arma::mat param(3, 2, arma::fill::ones), grad(2, 3, arma::fill::ones);
  expect_words(sentence_of([&] { policy.Update(param, 0.1, grad); }), {"3 x 2", "2 x 3"});
}

}  // namespace
}  // namespace gradstep_test

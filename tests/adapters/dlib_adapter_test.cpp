// SPDX-License-Identifier: Apache-2.0
//
// dlib's networks with gradstep's rules: the bits of gradstep's own steps, copies, files, errors,
// and dlib's own solvers.
#include <gtest/gtest.h>

#include <gradstep/adapters/dlib.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "support/comparison.hpp"
#include "support/rule_setup.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

using gradstep::dlib_solver;

using network = dlib::loss_multiclass_log<
    dlib::fc<3, dlib::relu<dlib::fc<5, dlib::input<dlib::matrix<float>>>>>>;
using fc_layer = dlib::fc_<4, dlib::FC_HAS_BIAS>;

/// A layer of 6 inputs and 4 outputs, whose params are weights (24) and biases (4).
struct prepared_layer {
  prepared_layer() {
    dlib::resizable_tensor input(1, 6);
    input = 1;
    struct below {
      const dlib::tensor& output;
      const dlib::tensor& get_output() const { return output; }
    };
    layer.setup(below{input});
    params = values(1);
    store();
  }
  static std::vector<float> values(std::uint64_t seed) {
    std::vector<float> all(28);
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i] = static_cast<float>(random_value(seed, i));
    }
    return all;
  }
  void store() { std::copy(params.begin(), params.end(), layer.get_layer_params().host()); }
  /// The solver's step vector for the gradient of this number, which is added to the params.
  template <class Solver>
  std::vector<float> step(Solver& solver, float rate, std::uint64_t number) {
    const auto grad_values = values(100 + number);
    dlib::resizable_tensor grad;
    grad.copy_size(layer.get_layer_params());
    std::copy(grad_values.begin(), grad_values.end(), grad.host());
    const dlib::tensor& delta = solver(rate, layer, grad);
    const std::vector<float> step_vector(delta.host(), delta.host() + delta.size());
    EXPECT_TRUE(std::equal(params.begin(), params.end(), layer.get_layer_params().host()))
        << "the solver does not change the params";
    for (std::size_t i = 0; i < params.size(); ++i) params[i] += step_vector[i];
    store();
    return step_vector;
  }

  fc_layer layer;
  std::vector<float> params;
};

/// The step vectors of the library's own steps over weights and biases as two tensors.
std::vector<float> plain_deltas(const std::string& rule_name, int steps, float rate) {
  const gradstep::context context;
  auto params = prepared_layer().params;
  std::vector<float> grad(28), delta(28), all;
  gradstep::optimizer weights(context), biases(context);
  gradstep::rule rule(rule_name, {{"lr", double{rate}}});
  const auto add = [&](gradstep::optimizer& to, std::size_t first, std::size_t count) {
    auto tensor = gradstep::tensor_of(&params[first], &grad[first], count);
    tensor.delta = gradstep::array_of(&delta[first]);
    if (count == 24) tensor.rows = 6, tensor.columns = 4;
    to.add_tensor(to.add_group("all", rule), "params", tensor);
  };
  add(weights, 0, 24);
  if (has_hyperparameter(rule_name, "weight_decay")) rule.set("weight_decay", 0);
  add(biases, 24, 4);
  for (int i = 0; i < steps; ++i) {
    const auto values = prepared_layer::values(100 + static_cast<std::uint64_t>(i));
    std::copy(values.begin(), values.end(), grad.begin());
    weights.step();
    biases.step();
    for (std::size_t k = 0; k < 28; ++k) params[k] += delta[k];
    all.insert(all.end(), delta.begin(), delta.end());
  }
  return all;
}

template <class Solver>
std::vector<float> deltas(Solver& solver, prepared_layer& layer, int first, int end, float rate) {
  std::vector<float> all;
  for (int i = first; i < end; ++i) {
    const auto delta = layer.step(solver, rate, static_cast<std::uint64_t>(i));
    all.insert(all.end(), delta.begin(), delta.end());
  }
  return all;
}

TEST(dlib_adapter, gives_the_bits_of_plain_steps) {
  for (const std::string& rule : rule_names()) {
    SCOPED_TRACE(rule);
    dlib_solver solver(rule);
    prepared_layer layer;
    const auto got = deltas(solver, layer, 0, 5, 0.03F);
    EXPECT_EQ(got, plain_deltas(rule, 5, 0.03F));
    EXPECT_EQ(solver.step_count(), 5U);
  }
}

TEST(dlib_adapter, agrees_with_dlibs_own_solvers) {
  const auto expect_near = [](auto theirs, dlib_solver ours) {
    prepared_layer a, b;
    const auto wanted = deltas(theirs, a, 0, 20, 0.01F), got = deltas(ours, b, 0, 20, 0.01F);
    for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], wanted[i], 1e-6) << i;
  };
  expect_near(dlib::adam(), dlib_solver());
  expect_near(
      dlib::adam(0.1F, 0.8F, 0.99F),
      dlib_solver("adam",
                  {{"weight_decay", 0.1F}, {"beta1", 0.8F}, {"beta2", 0.99F}, {"eps_hat", 1}}));
  expect_near(
      dlib::sgd(0.1F, 0.9F),
      dlib_solver("sgd", {{"weight_decay", 0.1F}, {"momentum", 0.9F}, {"lr_in_velocity", 1}}));
}

TEST(dlib_adapter, applies_the_layers_multipliers) {
  dlib::sgd theirs(0.1F, 0);
  dlib_solver ours("sgd", {{"weight_decay", 0.1F}});
  prepared_layer a, b;
  for (fc_layer* layer : {&a.layer, &b.layer}) {
    layer->set_learning_rate_multiplier(0.5);
    layer->set_weight_decay_multiplier(3);
    layer->set_bias_learning_rate_multiplier(2);
    layer->set_bias_weight_decay_multiplier(0.25);
  }
  const auto wanted = deltas(theirs, a, 0, 3, 0.1F), got = deltas(ours, b, 0, 3, 0.1F);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], 1e-7) << i;
}

TEST(dlib_adapter, copies_go_on_with_the_same_bits) {
  for (const std::string& rule : rule_names()) {
    SCOPED_TRACE(rule);
    dlib_solver solver(rule);
    prepared_layer layer;
    deltas(solver, layer, 0, 3, 0.03F);
    dlib_solver copy = solver;
    prepared_layer beside = layer;
    const auto wanted = deltas(solver, layer, 3, 6, 0.03F);
    EXPECT_EQ(deltas(copy, beside, 3, 6, 0.03F), wanted);
    copy = dlib_solver(rule);
    EXPECT_EQ(copy.step_count(), 0U);
  }
}

TEST(dlib_adapter, resumes_from_a_stream) {
  for (const std::string& rule : rule_names()) {
    SCOPED_TRACE(rule);
    dlib_solver solver(rule, {}, GRADSTEP_BFLOAT16);
    prepared_layer layer;
    deltas(solver, layer, 0, 3, 0.03F);
    std::stringstream stream;
    serialize(solver, stream);
    dlib_solver loaded;
    deserialize(loaded, stream);
    prepared_layer beside = layer;
    const auto wanted = deltas(solver, layer, 3, 6, 0.03F);
    EXPECT_EQ(deltas(loaded, beside, 3, 6, 0.03F), wanted);
    EXPECT_EQ(loaded.rule_name(), rule);
  }
}

TEST(dlib_adapter, refuses_other_and_damaged_streams) {
  std::stringstream of_dlib;
  serialize(dlib::adam(), of_dlib);
  dlib_solver solver("adamw", {{"beta1", 0.5}});
  EXPECT_THROW(deserialize(solver, of_dlib), dlib::serialization_error);
  prepared_layer layer;
  deltas(solver, layer, 0, 1, 0.1F);
  std::stringstream whole;
  serialize(solver, whole);
  std::string bytes = whole.str();
  for (const std::size_t size : {bytes.size() / 3, bytes.size() - 1}) {
    std::stringstream cut(bytes.substr(0, size));
    EXPECT_THROW(deserialize(solver, cut), dlib::serialization_error);
  }
  bytes[bytes.size() - 30] = static_cast<char>(bytes[bytes.size() - 30] ^ 1);
  std::stringstream damaged(bytes);
  EXPECT_THROW(deserialize(solver, damaged), gradstep::error);
  EXPECT_EQ(solver.get("beta1"), 0.5);
  EXPECT_EQ(solver.step_count(), 1U);
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

TEST(dlib_adapter, refuses_wrong_arguments) {
  expect_words(sentence_of([] { dlib_solver("adm"); }), {"adm", "adam"});
  expect_words(sentence_of([] { dlib_solver("adam", {{"beta1", 1}}); }), {"beta1", "[0, 1)"});
  expect_words(sentence_of([] { dlib_solver("adam", {}, 77); }), {"slot_dtype", "77"});
  prepared_layer layer;
  dlib_solver solver;
  expect_words(sentence_of([&] { layer.step(solver, -1, 1); }), {"lr = -1"});
  dlib::resizable_tensor grad(1, 3);
  expect_words(sentence_of([&] { solver(0.1F, layer.layer, grad); }), {"3 elements", "28"});
  EXPECT_EQ(solver.step_count(), 0U);
}

TEST(dlib_adapter, prints_its_rule) {
  std::ostringstream out;
  out << dlib_solver("sgd", {{"momentum", 0.5}});
  expect_words(out.str(), {"sgd: momentum=0.5", "weight_decay=0"});
  EXPECT_EQ(out.str().find("lr="), std::string::npos);
}

/// 90 points in three classes.
void make_points(std::vector<dlib::matrix<float>>& points, std::vector<unsigned long>& labels) {
  for (std::uint64_t i = 0; i < 90; ++i) {
    dlib::matrix<float> point(4, 1);
    for (int k = 0; k < 4; ++k) {
      point(k) = static_cast<float>(random_value(i, static_cast<std::uint64_t>(k)) / 4);
    }
    point(static_cast<long>(i % 3)) += 2;
    points.push_back(point);
    labels.push_back(i % 3);
  }
}

template <class Solver>
double trained_loss(const Solver& solver, int steps, double rate) {
  std::vector<dlib::matrix<float>> points;
  std::vector<unsigned long> labels;
  make_points(points, labels);
  std::srand(1);  // dlib draws the first params from it
  network net;
  dlib::dnn_trainer<network, Solver> trainer(net, solver);
  trainer.set_learning_rate(rate);
  trainer.set_iterations_without_progress_threshold(1000000);
  for (int i = 0; i < steps; ++i) trainer.train_one_step(points, labels);
  trainer.get_net();  // waits for the trainer's thread
  return trainer.get_average_loss();
}

TEST(dlib_adapter, trains_as_dlibs_adam) {
  const double theirs = trained_loss(dlib::adam(), 60, 0.01);
  const double ours = trained_loss(dlib_solver(), 60, 0.01);
  EXPECT_LT(ours, 1.0);
  EXPECT_NEAR(ours, theirs, 0.02);
}

/// dlib's own schedule: the rate of each step.
TEST(dlib_adapter, follows_the_trainers_schedule) {
  std::vector<dlib::matrix<float>> points;
  std::vector<unsigned long> labels;
  make_points(points, labels);
  network net, shrunk;
  const auto train = [&](network& trained, const dlib::matrix<double>& schedule) {
    dlib::dnn_trainer<network, dlib_solver> trainer(trained, dlib_solver("sgd"));
    trainer.set_learning_rate_schedule(schedule);
    for (int i = 0; i < 4; ++i) trainer.train_one_step(points, labels);
    trainer.get_net();
    return trainer.get_learning_rate();
  };
  dlib::matrix<double> falling(1, 8), fixed(1, 8);
  for (int i = 0; i < 8; ++i) {
    falling(i) = 0.1 / (1 << i);
    fixed(i) = 0.1;
  }
  EXPECT_LT(train(net, falling), train(shrunk, fixed));
  const dlib::tensor& a = dlib::layer<1>(net).layer_details().get_layer_params();
  const dlib::tensor& b = dlib::layer<1>(shrunk).layer_details().get_layer_params();
  EXPECT_FALSE(std::equal(a.host(), a.host() + a.size(), b.host()));
}

}  // namespace
}  // namespace gradstep_test

// gradstep's rules as solvers of dlib's networks.
//
// SPDX-License-Identifier: Apache-2.0
//
//     gradstep::dlib_solver adamw("adamw", {{"weight_decay", 0.01}});
//     dlib::dnn_trainer<net_type, gradstep::dlib_solver> trainer(net, adamw);
//     trainer.set_learning_rate(0.001);
//
// docs/dlib.md has more examples.
#ifndef GRADSTEP_ADAPTERS_DLIB_HPP
#define GRADSTEP_ADAPTERS_DLIB_HPP

#include <dlib/dnn.h>
#include <gradstep/adapters/one_tensor.hpp>
#include <gradstep/gradstep.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace gradstep {
namespace detail {

/// How a layer's params are divided: first weights, then biases.
struct dlib_parts {
  std::size_t weight_count;
  std::size_t columns = 0;  // of the matrix of weights; 0: a flat tensor
};

/// Layers have biases here if dlib's own solvers apply multipliers of their own to them.
template <class Layer>
dlib_parts dlib_parts_of(const Layer&, std::size_t size) {
  return {size};
}
template <unsigned long N>
dlib_parts dlib_parts_of(const ::dlib::fc_<N, ::dlib::FC_HAS_BIAS>& layer, std::size_t size) {
  return {size - layer.get_num_outputs(), layer.get_num_outputs()};
}
template <unsigned long N>
dlib_parts dlib_parts_of(const ::dlib::fc_<N, ::dlib::FC_NO_BIAS>& layer, std::size_t size) {
  return {size, layer.get_num_outputs()};
}
template <long F, long R, long C, int Y, int X, int P, int Q>
dlib_parts dlib_parts_of(const ::dlib::con_<F, R, C, Y, X, P, Q>& layer, std::size_t size) {
  return {size - static_cast<std::size_t>(layer.num_filters())};
}
template <long F, long R, long C, int Y, int X, int P, int Q>
dlib_parts dlib_parts_of(const ::dlib::cont_<F, R, C, Y, X, P, Q>& layer, std::size_t size) {
  return {size - static_cast<std::size_t>(layer.num_filters())};
}
template <::dlib::layer_mode Mode>
dlib_parts dlib_parts_of(const ::dlib::bn_<Mode>&, std::size_t size) {
  return {size / 2};
}

}  // namespace detail

/// A solver, in the place of dlib::adam and dlib::sgd: any rule, with its hyper-parameters. It
/// returns the step vector, which dlib adds to the layer's params.
///
/// The learning rate is dlib's: it comes with every call, times the layer's multipliers. A setting
/// "lr" has no effect. The rule's weight_decay is multiplied by the layer's multipliers too. The
/// biases of fc, con, cont and bn layers are a tensor of their own, with the layer's multipliers
/// for biases; dlib's default for weight decay there is 0.
///
/// Each layer has a copy of the solver, as dlib wants it, so a rule that sums over all tensors
/// (prodigy) sums over a layer's weights alone. A copy continues the state with the same bits. One
/// object serves one thread at a time. Tensors on a GPU are updated through their host memory.
class dlib_solver {
 public:
  /// As dlib::adam(): "adam" with weight_decay = 0.0005 and eps_hat = 1.
  dlib_solver() : dlib_solver("adam", {{"weight_decay", 0.0005}, {"eps_hat", 1}}) {}
  /// rule_name: a rule of gradstep's. settings: values of its hyper-parameters; the rest have
  /// gradstep's defaults. slot_dtype: how state is stored, as at gradstep::any_parameter. context:
  /// threads and instruction set; nullptr for gradstep::shared_context(). Throws gradstep::error
  /// for what the library does not accept.
  explicit dlib_solver(std::string rule_name, std::vector<setting> settings = {},
                       std::int32_t slot_dtype = 0,
                       std::shared_ptr<const context> context = nullptr)
      : dlib_solver(detail::rule_choice(std::move(rule_name), std::move(settings), slot_dtype,
                                        std::move(context))) {}

  const std::string& rule_name() const noexcept { return weights_.choice().rule_name(); }
  /// A hyper-parameter, without multipliers.
  double get(const std::string& hyperparameter) const {
    return weights_.choice().get(hyperparameter);
  }
  /// The steps that were made.
  std::uint64_t step_count() const { return weights_.step_count(); }
  /// A slot's elements ("exp_avg") in the order of the layer's params. Empty before the first step.
  std::vector<double> slot(const std::string& name) const {
    std::vector<double> all = weights_.slot(name);
    const std::vector<double> of_biases = biases_.slot(name);
    all.insert(all.end(), of_biases.begin(), of_biases.end());
    return all;
  }

  /// The step vector for the layer's params. It belongs to the solver, and stays as it is until the
  /// next call. Throws gradstep::error, such as for a learning rate below 0.
  template <class Layer>
  const ::dlib::tensor& operator()(float learning_rate, const Layer& layer,
                                   const ::dlib::tensor& params_grad) {
    const ::dlib::tensor& params = layer.get_layer_params();
    if (params.size() == 0 || params.size() != params_grad.size()) {
      throw error(GRADSTEP_INVALID_ARGUMENT,
                  ("params_grad has " + std::to_string(params_grad.size()) +
                   " elements and the layer's params " + std::to_string(params.size()) +
                   "; both have the same number, at least 1")
                      .c_str());
    }
    delta_.copy_size(params_grad);
    // A step with a delta only reads param and grad.
    whole_ = tensor_of(const_cast<float*>(params.host()), const_cast<float*>(params_grad.host()),
                       params.size());
    whole_.delta = array_of(delta_.host_write_only());
    const double lr = double{learning_rate} * ::dlib::get_learning_rate_multiplier(layer);
    const double decay = ::dlib::get_weight_decay_multiplier(layer);
    const detail::dlib_parts parts = detail::dlib_parts_of(layer, params.size());
    step_part(weights_, 0, parts.weight_count, parts.columns, lr, decay);
    if constexpr (has_bias_multipliers<Layer>::value) {
      if (parts.weight_count < params.size()) {
        step_part(biases_, parts.weight_count, params.size() - parts.weight_count, 0,
                  lr * layer.get_bias_learning_rate_multiplier(),
                  decay * layer.get_bias_weight_decay_multiplier());
      }
    }
    return delta_;
  }

  /// Rule, settings and state, but not the context. deserialize throws dlib::serialization_error or
  /// gradstep::error for what serialize has not written; the solver is then as it was.
  friend void serialize(const dlib_solver& item, std::ostream& out) {
    using ::dlib::serialize;
    const detail::rule_choice& choice = item.weights_.choice();
    serialize(std::string(format_name), out);
    serialize(choice.rule_name(), out);
    serialize(static_cast<unsigned long>(choice.settings().size()), out);
    for (const setting& each : choice.settings()) {
      serialize(each.name, out);
      serialize(each.value, out);
    }
    serialize(choice.slot_dtype(), out);
    for (const detail::one_tensor* part : {&item.weights_, &item.biases_}) {
      const auto bytes = part->state();
      serialize(std::string(bytes.begin(), bytes.end()), out);
    }
  }
  friend void deserialize(dlib_solver& item, std::istream& in) {
    using ::dlib::deserialize;
    std::string format, rule_name;
    deserialize(format, in);
    if (format != format_name) {
      throw ::dlib::serialization_error(
          "Unexpected version found while deserializing "
          "gradstep::dlib_solver: " +
          format);
    }
    deserialize(rule_name, in);
    unsigned long setting_count = 0;
    deserialize(setting_count, in);
    std::vector<setting> settings;
    for (unsigned long i = 0; i < setting_count; ++i) {
      settings.push_back({});
      deserialize(settings.back().name, in);
      deserialize(settings.back().value, in);
    }
    std::int32_t slot_dtype = 0;
    deserialize(slot_dtype, in);
    dlib_solver made(detail::rule_choice(std::move(rule_name), std::move(settings), slot_dtype,
                                         item.weights_.choice().context()));
    made.weights_ = detail::one_tensor(made.weights_.choice(), read_state(in));
    made.biases_ = detail::one_tensor(made.biases_.choice(), read_state(in));
    item = std::move(made);
  }
  /// The rule and its hyper-parameters: "sgd: momentum=0.9, ...".
  friend std::ostream& operator<<(std::ostream& out, const dlib_solver& item) {
    const detail::rule_choice& choice = item.weights_.choice();
    const char* separator = ": ";
    for (const std::string& name : detail::hyperparameter_names(rule(choice.rule_name()))) {
      if (name == "lr") continue;
      out << (separator[0] == ':' ? item.rule_name() : "") << separator << name << "="
          << choice.get(name);
      separator = ", ";
    }
    return out;
  }

 private:
  static constexpr const char* format_name = "gradstep_solver_1";

  template <class Layer, class = void>
  struct has_bias_multipliers : std::false_type {};
  template <class Layer>
  struct has_bias_multipliers<
      Layer, std::void_t<decltype(std::declval<const Layer&>().get_bias_weight_decay_multiplier())>>
      : std::true_type {};

  explicit dlib_solver(const detail::rule_choice& choice) : weights_(choice), biases_(choice) {
    if (choice.has("weight_decay")) weight_decay_ = choice.get("weight_decay");
  }

  static std::vector<unsigned char> read_state(std::istream& in) {
    std::string text;
    ::dlib::deserialize(text, in);
    std::vector<unsigned char> bytes(text.begin(), text.end());
    if (!bytes.empty()) detail::check_checkpoint(bytes);
    return bytes;
  }

  /// Steps `count` elements of whole_, from `first` on.
  void step_part(detail::one_tensor& state, std::size_t first, std::size_t count,
                 std::size_t columns, double lr, double decay_multiplier) {
    gradstep_tensor part = whole_;
    part.count = count;
    part.rows = columns == 0 ? 0 : count / columns;
    part.columns = columns;
    for (gradstep_array* array : {&part.param, &part.grad, &part.delta}) {
      array->data = static_cast<float*>(array->data) + first;
    }
    std::vector<setting> values = {{"lr", lr}};
    if (weight_decay_) values.push_back({"weight_decay", *weight_decay_ * decay_multiplier});
    const gradstep_apply_result result = state.step(part, values);
    if (result.is_stopped != 0) {  // nothing was stored
      std::fill_n(static_cast<float*>(part.delta.data), count, 0.0F);
    }
  }

  detail::one_tensor weights_, biases_;
  std::optional<double> weight_decay_;  // without multipliers; none: the rule has none
  gradstep_tensor whole_{};             // of the present call
  ::dlib::resizable_tensor delta_;
};

}  // namespace gradstep

#endif  // GRADSTEP_ADAPTERS_DLIB_HPP

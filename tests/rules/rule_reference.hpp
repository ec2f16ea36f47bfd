// SPDX-License-Identifier: Apache-2.0
//
// One step of a rule on plain arrays in any number type, by the rule's own templates. lib/step and
// lib/kernels/loops do the same with vectors, tiles and threads.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/reference_tensor.hpp"
#include "rules/rule.hpp"

namespace gradstep_test {

/// The step of one tensor.
template <class Rule, class V>
class reference_step {
 public:
  using constant = typename arithmetic<V>::constant;
  using real = typename arithmetic<V>::real;
  using total = total_of<V>;
  using totals = std::array<total, gradstep::internal::max_sums>;

  reference_step(const reference_options& options, reference_tensor<Rule, V>& tensor)
      : options_(options),
        lr_(value("lr")),
        weight_decay_(value("weight_decay")),
        l1_penalty_(value("l1_penalty")),
        maximize_(value("maximize") != 0),
        has_decoupled_option_(value("decoupled_weight_decay") != 0),
        has_decay_after_option_(value("decay_after_step") != 0),
        tensor_(tensor),
        after_(tensor.scalars) {
    const auto h = arguments_for<real>();
    form_ = Rule::choose(h);
    std::array<real, max_scalars> before{};
    for (std::size_t i = 0; i < max_scalars; ++i) before[i] = static_cast<real>(after_[i]);
    auto after = before;
    auto of_prepare = h;
    of_prepare.before = &before;
    of_prepare.after = &after;
    rule_ = Rule::template prepare<constant>(of_prepare);
    for (std::size_t i = 0; i < max_scalars; ++i) after_[i] = total(after[i]);
    for (std::size_t s = 0; s < slot_count; ++s) {
      if (is_line(s)) seen_[s].resize(tensor.slots[s].size());
    }
  }

  std::size_t pass_count() const { return passes_of<Rule>(form_).count; }

  /// Adds up the terms of a pass, and makes row and column slots from them.
  totals sum(std::size_t pass) {
    const auto terms = terms_of(pass);
    const auto& info = passes_of<Rule>(form_).passes[pass];
    totals result{};
    for (std::size_t k = 0; k < info.sum_count; ++k) {
      if (info.extents[k] != sum_extent::tensor && info.extents[k] != sum_extent::all) continue;
      const ordered_sums<V> sums(tensor_.shape, terms[k]);
      result[k] = has_lines() ? sums.total() : sums.flat_total();
    }
    for (std::size_t s = 0; s < slot_count; ++s) {
      if (!is_line(s) || Rule::info.slots[s].pass != pass) continue;
      const ordered_sums<V> sums(tensor_.shape, terms[Rule::info.slots[s].sum]);
      finish_lines(s,
                   Rule::info.slots[s].extent == slot_extent::row ? sums.rows() : sums.columns());
    }
    return result;
  }

  /// false: the step stops.
  bool finish(std::size_t pass, const totals& sums) {
    bool goes_on = true;
    for_pass(
        pass, [&]<auto Form, std::size_t Pass>() { goes_on = finish_pass<Form, Pass>(sums); });
    return goes_on;
  }

  /// The last pass. The tensor gets its new numbers.
  void update() {
    using gradstep::internal::fma;
    const constant decay = decays_after() ? constant(0) : decay_in_direction(rate_decay());
    const V decay_after(decays_after() ? static_cast<constant>(rate_decay()) : constant(0));
    tensor_.change.resize(tensor_.param.size());
    for (std::size_t i = 0; i < tensor_.param.size(); ++i) {
      auto slots = slots_at(i);
      V direction{};
      with_form<Rule>(form_, [&](auto form) {
        direction = update_element<Rule::forms[form]>(i, slots, slot_indices());
      });
      V& p = tensor_.param[i];
      if (may_decouple) direction = fma(V(decay), p, direction);  // decay is 0 if it is coupled
      tensor_.change[i] = V(rule_.rate) * direction;
      p = fma(V(-rule_.rate), direction, p);
      if (decays_after()) {
        tensor_.change[i] = fma(decay_after, p, tensor_.change[i]);
        p = fma(-decay_after, p, p);
      }
      for (std::size_t s = 0; s < slot_count; ++s) {
        if (is_used(s) && !is_line(s)) tensor_.slots[s][i] = slots[s];
      }
    }
    for (std::size_t s = 0; s < slot_count; ++s) {
      if (is_line(s)) tensor_.slots[s] = new_lines_[s];
    }
    tensor_.scalars = after_;
  }

 private:
  static constexpr std::size_t slot_count = Rule::info.slot_count;
  static constexpr auto slot_indices() { return std::make_index_sequence<slot_count>(); }
  using slot_values = std::array<V, slot_count>;
  using term_lists = std::array<std::vector<sum_term<V>>, gradstep::internal::max_sums>;

  template <class Real>
  reference_arguments<Rule, Real> arguments_for() const {
    reference_arguments<Rule, Real> h(options_);
    h.is_matrix = tensor_.shape.is_matrix();
    h.param_epsilon = tensor_.param_epsilon;
    return h;
  }
  double value(std::string_view name) const {
    const std::size_t index = gradstep::internal::find_hyperparameter(Rule::info, name);
    return index == gradstep::internal::no_index ? 0 : options_.hyperparameters[index];
  }

  // ---- Slots ----------------------------------------------------------------------------------

  bool is_used(std::size_t s) const { return Rule::uses(form_, Rule::info.slots[s].name); }
  bool is_line(std::size_t s) const {
    return is_used(s) && Rule::info.slots[s].extent != slot_extent::element;
  }
  bool has_lines() const {
    bool result = false;
    for (std::size_t s = 0; s < slot_count; ++s) result |= is_line(s);
    return result;
  }
  /// The index of the i-th element's number in a row or column slot.
  std::size_t line_of(std::size_t s, std::size_t i) const {
    const std::size_t row = i / tensor_.shape.columns;
    if (Rule::info.slots[s].extent == slot_extent::row) return row;
    return row / tensor_.shape.rows * tensor_.shape.columns + i % tensor_.shape.columns;
  }
  /// What a pass gets: 0 for slots that it must not read.
  slot_values slots_at(std::size_t i) const {
    slot_values values;
    values.fill(V(constant(0)));
    for (std::size_t s = 0; s < slot_count; ++s) {
      if (is_used(s)) values[s] = is_line(s) ? seen_[s][line_of(s, i)] : tensor_.slots[s][i];
    }
    return values;
  }

  void finish_lines(std::size_t s, std::vector<total> values) {
    with_form<Rule>(form_, [&](auto form) {
      [&]<std::size_t... S>(std::index_sequence<S...>) {
        (finish_if<Rule::forms[form], S>(s, values), ...);
      }
      (slot_indices());
    });
    new_lines_[s].clear();
    for (const total& each : values) new_lines_[s].push_back(V(constant(each)));
  }
  template <auto Form, std::size_t S>
  void finish_if([[maybe_unused]] std::size_t s, [[maybe_unused]] std::vector<total>& values) {
    if constexpr (Rule::info.slots[S].extent != slot_extent::element) {
      if (S != s) return;
      using gradstep::internal::at_most;
      using gradstep::internal::largest_square;
      const auto h = arguments_for<total>();
      const auto next = Rule::template next_line<Form, S>(h, tensor_.shape);
      const bool is_row = Rule::info.slots[S].extent == slot_extent::row;
      const std::size_t count = is_row ? tensor_.shape.rows : tensor_.shape.columns;
      for (std::size_t first = 0; first < values.size(); first += count) {
        total sum(0);
        for (std::size_t i = first; i < first + count; ++i) {
          const total old = to_total(arithmetic<V>::to_sum(tensor_.slots[s][i]));
          values[i] = at_most(next(old, values[i]), total(largest_square<constant>));
          sum = sum + values[i];
        }
        const total mean = sum / total(static_cast<double>(count));
        for (std::size_t i = first; i < first + count; ++i) {
          seen_[s][i] = V(constant(Rule::template seen_line<Form, S>(h, values[i], mean)));
        }
      }
    }
  }

  // ---- Elements -------------------------------------------------------------------------------

  static constexpr bool may_decouple =
      Rule::info.weight_decay == gradstep::internal::decay::decoupled ||
      Rule::info.weight_decay == gradstep::internal::decay::chosen;

  bool is_decoupled() const {
    return Rule::info.weight_decay == gradstep::internal::decay::decoupled ||
           (may_decouple && has_decoupled_option_);
  }
  bool is_coupled() const {
    return Rule::info.weight_decay != gradstep::internal::decay::own && !is_decoupled() &&
           weight_decay_ != 0;
  }
  /// Whether the new param decays.
  /// With a rate of 0 nothing follows the step, so a param -0 stays.
  bool decays_after() const { return has_decay_after_option_ && rate_decay() != 0; }
  real rate_decay() const { return is_decoupled() ? real(lr_) * weight_decay_ : real(0); }
  constant decay_in_direction(real decay) const {
    return gradstep::internal::decay_in_direction<constant>(decay, rule_.rate);
  }
  V gradient_at(std::size_t i) const {
    using gradstep::internal::fma;
    using gradstep::internal::sign;
    const double scale = maximize_ ? -options_.grad_scale : options_.grad_scale;
    V g = tensor_.grad[i] * V(static_cast<constant>(scale));
    if (l1_penalty_ != 0) {
      g = fma(V(static_cast<constant>(l1_penalty_)), sign(tensor_.param[i]), g);
    }
    if (!is_coupled()) return g;
    return fma(V(static_cast<constant>(weight_decay_)), tensor_.param[i], g);
  }
  template <auto Form, std::size_t... S>
  V update_element(std::size_t i, slot_values& slots, std::index_sequence<S...>) const {
    return Rule::template update<Form>(rule_, tensor_.param[i], gradient_at(i), slots[S]...);
  }

  /// Calls use<the form, pass>().
  template <class Use>
  void for_pass([[maybe_unused]] std::size_t pass, [[maybe_unused]] const Use& use) const {
    if constexpr (requires { Rule::passes(Rule::forms[0]); }) {
      with_form<Rule>(form_, [&](auto form) {
        constexpr auto this_form = Rule::forms[form];
        [&]<std::size_t... P>(std::index_sequence<P...>) {
          ((P == pass ? use.template operator()<this_form, P>() : void()), ...);
        }
        (std::make_index_sequence<Rule::passes(this_form).count>());
      });
    }
  }
  template <auto Form, std::size_t Pass>
  bool finish_pass(const totals& sums) {
    auto h = arguments_for<total>();
    h.before = &tensor_.scalars;
    h.after = &after_;
    auto shape = tensor_.shape;
    if (!has_lines()) shape.rows = shape.columns = 0;
    return Rule::template finish<Form, Pass>(h, shape, sums.data(), rule_);
  }
  term_lists terms_of(std::size_t pass) const {
    term_lists terms;
    for_pass(
        pass, [&]<auto Form, std::size_t Pass>() {
          for (std::size_t i = 0; i < tensor_.param.size(); ++i) {
            add_terms<Form, Pass>(i, terms, slot_indices());
          }
        });
    return terms;
  }
  template <auto Form, std::size_t Pass, std::size_t... S>
  void add_terms(std::size_t i, term_lists& terms, std::index_sequence<S...>) const {
    constexpr std::size_t sum_count = Rule::passes(Form).passes[Pass].sum_count;
    const auto slots = slots_at(i);
    sum_term<V> found[sum_count];
    Rule::template sum<Form, Pass>(rule_, tensor_.param[i], gradient_at(i), slots[S]..., found);
    for (std::size_t k = 0; k < sum_count; ++k) terms[k].push_back(found[k]);
  }

  reference_options options_;
  double lr_, weight_decay_, l1_penalty_;  // 0: the rule has none
  bool maximize_, has_decoupled_option_, has_decay_after_option_;
  reference_tensor<Rule, V>& tensor_;
  typename Rule::form form_;
  typename Rule::template coefficients<constant> rule_;
  std::array<total, max_scalars> after_;
  std::array<std::vector<V>, slot_count> seen_, new_lines_;
};

/// Steps tensors of one list. false: the step stopped, and nothing has changed.
template <class Rule, class V>
bool step_tensors(const reference_options& options, std::vector<reference_tensor<Rule, V>>& list) {
  using totals_of_tensor = typename reference_step<Rule, V>::totals;
  std::vector<reference_step<Rule, V>> steps;
  for (auto& tensor : list) steps.emplace_back(options, tensor);
  for (std::size_t pass = 0; pass < gradstep::internal::max_passes; ++pass) {
    std::vector<totals_of_tensor> totals(steps.size());
    // Tensors of one list may have different numbers of passes: matrices and flat ones.
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (pass < steps[i].pass_count()) totals[i] = steps[i].sum(pass);
    }
    if (!Rule::info.shared_hyperparameters.empty()) {
      for (std::size_t i = 1; i < totals.size(); ++i) {
        for (std::size_t k = 0; k < totals[0].size(); ++k) {
          totals[0][k] = totals[0][k] + totals[i][k];
        }
      }
      totals.assign(totals.size(), totals_of_tensor(totals[0]));
    }
    bool goes_on = true;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (pass < steps[i].pass_count()) goes_on &= steps[i].finish(pass, totals[i]);
    }
    if (!goes_on) return false;
  }
  for (auto& step : steps) step.update();
  return true;
}

}  // namespace gradstep_test

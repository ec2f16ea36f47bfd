// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <gradstep/gradstep.hpp>

#include "guest/every_call.hpp"

namespace {

/// Slots without scales: the arrays call has no argument for them.
void step_with_arguments(const gradstep::context& context, const gradstep::rule& rule,
                         const gradstep_tensor& t, std::vector<double> scalars) {
  scalars.insert(scalars.begin(), t.scalars, t.scalars + t.scalar_count);
  std::array<void*, 8> slots{};
  std::int32_t slot_dtype = 0;
  for (size_t s = 0; s < t.slot_count; ++s) {
    if (t.slots[s].extra != nullptr) return;
    slots[s] = t.slots[s].data;
    const bool is_per_element = rule.slot(s).extent == GRADSTEP_EXTENT_ELEMENT;
    if (slots[s] != nullptr && is_per_element) slot_dtype = t.slots[s].dtype;
  }
  gradstep::throw_on_failure(gradstep_apply_arrays(
      context.get(), rule.get(), 3, t.count, 0, 0, t.param.dtype, t.param.data, t.grad.dtype,
      t.grad.data, slot_dtype, slots[0], slots[1], slots[2], slots[3], slots[4], slots[5], slots[6],
      slots[7], scalars.empty() ? nullptr : scalars.data(), nullptr, nullptr));
}

/// A parameter without an optimizer, whose arrays live here.
template <class Param, class Grad>
class stateless_steps {
 public:
  stateless_steps(const gradstep::context& context, const char* rule_name, int slot_dtype,
                  size_t count)
      : context_(context),
        rule_(rule_name),
        slot_dtype_(slot_dtype),
        param_(count),
        grad_(count),
        copy_(count),
        average_(count),
        delta_(count) {}

  void step_in_every_way() {
    parameter p(rule_, param_.data(), grad_.data(), param_.size(), slot_dtype_);
    p.step(context_, rule_, 1);
    step_with_copy_and_average(p);
    gradstep::gradient_norm(context_, {p.tensor()});
    step_with_arguments(context_, rule_, p.tensor(), p.shared_scalars());
    step_in_parts(p);
    transform(p.tensor());
    size_t bytes = 0;
    const gradstep_tensor tensor = p.tensor();
    gradstep::throw_on_failure(gradstep_workspace_size(rule_.get(), &tensor, 1, &bytes));
    for (size_t s = 0; s < rule_.slot_count(); ++s) p.slot(s);
    step_into_delta();
  }

 private:
  using parameter = gradstep::parameter<Param, Grad>;
  using wide = std::conditional_t<std::is_same_v<Param, double>, double, float>;

  void step_with_copy_and_average(parameter& p) {
    p.set_copy(reinterpret_cast<gradstep::bfloat16*>(copy_.data()));
    p.set_average(average_.data());
    auto options = gradstep::sized<gradstep_apply_options>();
    options.flags = GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_MAX_VALUE | GRADSTEP_APPLY_AVERAGE |
                    GRADSTEP_APPLY_CHECK_FINITE | GRADSTEP_APPLY_ZERO_GRAD |
                    GRADSTEP_APPLY_STOCHASTIC_PARAM;
    options.step = 2;
    options.max_norm = options.max_value = 1;
    options.average_decay = 0.9;
    p.step(context_, rule_, options);
    options.flags |= GRADSTEP_APPLY_AVERAGE_COUNT | GRADSTEP_APPLY_AVERAGE_EQUAL;
    options.step = 3;
    options.average_decay = 0;
    options.average_count = 1;
    p.step(context_, rule_, options);
  }

  /// Rules that add up numbers of a tensor step whole tensors only.
  void step_in_parts(parameter& p) {
    if (rule_.scalar_count() > 0 || gradstep::workspace_size(rule_, {p.tensor()}) > 0) return;
    auto options = gradstep::sized<gradstep_apply_options>();
    options.flags = GRADSTEP_APPLY_ZERO_GRAD;
    options.step = 3;
    for (size_t part = 0; part < 3; ++part) {
      gradstep::apply_part(context_, rule_, {p.tensor()}, options, part, 3);
    }
  }

  void transform(const gradstep_tensor& tensor) {
    for (size_t i = 0; i < rule_.info().transform_count; ++i) {
      gradstep::throw_on_failure(gradstep_transform(context_.get(), rule_.get(), &tensor, 1,
                                                    gradstep_rule_transform_name(rule_.name(), i)));
    }
  }

  void step_into_delta() {
    parameter p(rule_, param_.data(), grad_.data(), param_.size(), slot_dtype_);
    p.set_delta(delta_.data());
    p.step(context_, rule_, 1);
  }

  const gradstep::context& context_;
  gradstep::rule rule_;
  int slot_dtype_;
  std::vector<Param> param_;
  std::vector<Grad> grad_;
  std::vector<std::uint16_t> copy_;
  std::vector<wide> average_, delta_;
};

}  // namespace

void make_stateless_calls(const gradstep::context& context) {
  for (size_t i = 0; i < gradstep_rule_count(); ++i) {
    const char* const name = gradstep_rule_name(i);
    for (const size_t count : {1U, 63U, 300U, 5000U}) {
      stateless_steps<float, float>(context, name, 0, count).step_in_every_way();
      stateless_steps<double, double>(context, name, 0, count).step_in_every_way();
    }
    stateless_steps<gradstep::bfloat16, gradstep::float16>(context, name, GRADSTEP_BFLOAT16, 777)
        .step_in_every_way();
    stateless_steps<float, gradstep::bfloat16>(context, name, GRADSTEP_S1E4M3_B256, 5001)
        .step_in_every_way();
  }
}

// SPDX-License-Identifier: Apache-2.0
#include "stepper.hpp"

#include <utility>

namespace bench {

std::vector<double> initial_scalars(const gradstep::rule& rule, std::int32_t scope) {
  std::vector<double> values;
  for (std::size_t i = 0; i < rule.info().scalar_count; ++i) {
    auto info = gradstep::sized<gradstep_scalar_info>();
    gradstep::throw_on_failure(gradstep_rule_describe_scalar(rule.name(), i, &info));
    if (info.scope != scope) continue;
    const char* const source = info.initial_hyperparameter;
    values.push_back(source == nullptr ? info.initial_value : rule.get(source));
  }
  return values;
}

gradstep_apply_options apply_options(std::uint64_t flags) {
  auto options = gradstep::sized<gradstep_apply_options>();
  options.flags = flags;
  options.step = 1000;
  options.grad_scale = 1.0 / 1024;
  options.max_norm = 1;
  options.max_value = 0.01;
  options.average_decay = 0.999;
  options.seed = 3;
  return options;
}

stepper::stepper(const gradstep::context& context, const gradstep::rule& rule,
                 std::vector<gradstep_tensor> tensors, const gradstep_apply_options& options)
    : context_(&context),
      rule_(&rule),
      tensors_(std::move(tensors)),
      options_(options),
      memory_(std::make_shared<memory>()) {
  memory_->scalars = initial_scalars(rule, GRADSTEP_SCOPE_ALL);
  if (!memory_->scalars.empty()) options_.scalars = memory_->scalars.data();
  options_.scalar_count = memory_->scalars.size();
  std::size_t bytes = 0;
  gradstep::throw_on_failure(
      gradstep_workspace_size(rule.get(), tensors_.data(), tensors_.size(), &bytes));
  memory_->workspace.resize(bytes);
  if (bytes != 0) options_.workspace = memory_->workspace.data();
  options_.workspace_size = bytes;
}

}  // namespace bench

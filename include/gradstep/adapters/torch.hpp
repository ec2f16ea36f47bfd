// gradstep's rules as optimizers of libtorch. Needs libtorch 1.13 or later.
//
// SPDX-License-Identifier: Apache-2.0
//
//     gradstep::torch_optimizer optimizer(model->parameters(),
//                                         gradstep::torch_options("adamw").lr(3e-4));
//     optimizer.zero_grad();
//     loss.backward();
//     optimizer.step();
//
// docs/libtorch.md has more examples.
#ifndef GRADSTEP_ADAPTERS_TORCH_HPP
#define GRADSTEP_ADAPTERS_TORCH_HPP

#include <torch/optim/optimizer.h>
#include <torch/serialize/archive.h>
#include <torch/types.h>
#include <gradstep/adapters/one_tensor.hpp>
#include <gradstep/adapters/torch_options.hpp>
#include <gradstep/adapters/torch_params.hpp>
#include <gradstep/adapters/torch_state.hpp>
#include <gradstep/gradstep.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace gradstep {

/// An optimizer for any rule. Each group has torch_options, and so a rule of its own.
///
/// Params are float32, float64, bfloat16, float16 or complex tensors on the CPU, of any strides; so
/// are gradients, whose dtype may differ. Arithmetic and state are float32 beside 16-bit params,
/// unless torch_options::slot_dtype says otherwise. A param whose gradient is undefined sits out:
/// neither it nor its step count changes. Dense params and gradients of equal layout are used where
/// they are, and all others by a copy.
///
/// State appears in state() when a param is stepped for the first time. A rule that sums over all
/// tensors (prodigy) sums over the params of all groups that have it.
///
/// Arguments that libtorch itself would refuse throw c10::Error, and others gradstep::error. Both
/// are thrown before any param changes. One optimizer serves one thread at a time.
class torch_optimizer : public torch::optim::Optimizer {
 public:
  /// defaults: the options of groups that have none. context: threads and instruction set; nullptr
  /// for shared_context(), whose threads are not libtorch's.
  explicit torch_optimizer(const std::vector<torch::optim::OptimizerParamGroup>& param_groups,
                           const torch_options& defaults = torch_options("adamw"),
                           std::shared_ptr<const context> context = nullptr)
      : torch::optim::Optimizer(std::vector<torch::optim::OptimizerParamGroup>(),
                                std::make_unique<torch_options>(defaults)),
        context_(context == nullptr ? shared_context() : std::move(context)) {
    for (const auto& group : param_groups) add_param_group(group);
  }
  explicit torch_optimizer(std::vector<torch::Tensor> params,
                           const torch_options& defaults = torch_options("adamw"),
                           std::shared_ptr<const context> context = nullptr)
      : torch_optimizer({torch::optim::OptimizerParamGroup(std::move(params))}, defaults,
                        std::move(context)) {}

  /// Adds a group, whose options are torch_options, or the defaults if it has none. Call it on this
  /// class: libtorch 2.14's own function, which a reference to torch::optim::Optimizer calls, gives
  /// the defaults to every group whose options libtorch does not know.
  void add_param_group(const torch::optim::OptimizerParamGroup& param_group) {
    if (param_group.has_options()) options_of(param_group);
    check_new(param_group.params());
    torch::optim::Optimizer::add_param_group(param_group);
    if (param_group.has_options()) {
      param_groups_.back().set_options(std::make_unique<torch_options>(options_of(param_group)));
    }
  }

  /// Makes one step of every param that has a gradient. closure, if it is given, is called first,
  /// with gradients enabled; its loss is returned.
  torch::Tensor step(LossClosure closure = nullptr) override {
    torch::NoGradGuard no_grad;
    torch::Tensor loss;
    if (closure != nullptr) {
      torch::AutoGradMode enable_grad(true);
      loss = closure();
    }
    auto batches = collect();
    for (batch& each : batches) apply_batch(each);
    return loss;
  }

  /// Makes a transform of the rule for every param that has been stepped and whose rule has it: for
  /// schedule_free_adamw "evaluate" before the model is tested, and "train" afterwards.
  void transform(const std::string& name) {
    torch::NoGradGuard no_grad;
    for (auto& group : param_groups_) {
      const torch_options& options = options_of(group);
      const auto names = options.rule().transforms();
      if (std::find(names.begin(), names.end(), name) == names.end()) continue;
      for (torch::Tensor& param : group.params()) {
        torch_param_state* const state = find_state(param);
        if (state == nullptr || state->step_ == 0) continue;
        detail::torch_arrays arrays(param, torch::Tensor(), state->strides_);
        state->prepare(arrays, options);
        state->connect(arrays.tensor);
        gradstep::transform(*context_, options.rule(), &arrays.tensor, 1, name);
        arrays.finish();
      }
    }
  }

  /// Writes the state and options of all params, by their positions in the groups.
  void save(torch::serialize::OutputArchive& archive) const override {
    archive.write("format", torch::IValue(std::string(format_name)));
    archive.write("group_count", torch::IValue(static_cast<std::int64_t>(param_groups_.size())));
    for (std::size_t g = 0; g < param_groups_.size(); ++g) {
      torch::serialize::OutputArchive group(archive.compilation_unit());
      torch::serialize::OutputArchive options(archive.compilation_unit());
      const auto& params = param_groups_[g].params();
      group.write("param_count", torch::IValue(static_cast<std::int64_t>(params.size())));
      options_of(param_groups_[g]).serialize(options);
      group.write("options", options);
      for (std::size_t p = 0; p < params.size(); ++p) {
        const auto found = state_.find(detail::state_key(state_, params[p]));
        if (found == state_.end()) continue;
        torch::serialize::OutputArchive state(archive.compilation_unit());
        found->second->serialize(state);
        group.write("state_" + std::to_string(p), state);
      }
      archive.write("group_" + std::to_string(g), group);
    }
  }
  /// Reads the state of an optimizer with the same groups: the same rules, numbers of params, and
  /// sizes of params. As libtorch's own optimizers do, it keeps its options and does not take those
  /// of the archive. Throws c10::Error, and then the state is as it was.
  void load(torch::serialize::InputArchive& archive) override {
    torch::IValue value;
    TORCH_CHECK(
        archive.try_read("format", value) && value.isString() && value.toStringRef() == format_name,
        "the archive has no state of a gradstep::torch_optimizer");
    archive.read("group_count", value);
    TORCH_CHECK(value.toInt() == static_cast<std::int64_t>(param_groups_.size()),
                "loaded state dict has a different number of parameter groups: ", value.toInt(),
                " instead of ", param_groups_.size());
    decltype(state_) loaded;
    for (std::size_t g = 0; g < param_groups_.size(); ++g) {
      torch::serialize::InputArchive group;
      archive.read("group_" + std::to_string(g), group);
      load_group(g, group, loaded);
    }
    state_ = std::move(loaded);
  }

 private:
  static constexpr const char* format_name = "gradstep_torch_1";

  /// Params that one call steps: of one group, or of all groups with a rule that sums over them.
  struct batch {
    const torch_options* options;
    std::int64_t step;  // of the params so far
    bool has_fresh_slots;
    bool sums_over_all;
    std::vector<detail::torch_arrays> params;
    std::vector<torch_param_state*> states;
  };

  static const torch_options& options_of(const torch::optim::OptimizerParamGroup& group) {
    const auto* const options = dynamic_cast<const torch_options*>(&group.options());
    TORCH_CHECK(options != nullptr,
                "the options of a param group of gradstep::torch_optimizer are gradstep's "
                "torch_options; these are others");
    return *options;
  }
  /// libtorch itself finds a param that is there already only if it has a state.
  void check_new(const std::vector<torch::Tensor>& params) const {
    std::unordered_set<const void*> known;
    for (const auto& group : param_groups_) {
      for (const torch::Tensor& param : group.params()) known.insert(param.unsafeGetTensorImpl());
    }
    for (const torch::Tensor& param : params) {
      TORCH_CHECK(known.insert(param.unsafeGetTensorImpl()).second,
                  "some parameters appear in more than one parameter group, or twice in one");
    }
  }
  torch_param_state* find_state(const torch::Tensor& param) {
    const auto found = state_.find(detail::state_key(state_, param));
    return found == state_.end() ? nullptr : dynamic_cast<torch_param_state*>(found->second.get());
  }

  /// Checks and prepares everything that can be refused.
  std::vector<batch> collect() {
    std::vector<batch> batches;
    std::uint64_t number = 0;
    for (auto& group : param_groups_) {
      const torch_options& options = options_of(group);
      throw_on_failure(gradstep_rule_check(options.rule().get()));
      const bool sums_over_all = !options.rule().initial_scalars(GRADSTEP_SCOPE_ALL).empty();
      for (torch::Tensor& param : group.params()) {
        ++number;
        if (!param.defined() || !param.grad().defined()) continue;
        torch_param_state* state = find_state(param);
        const bool is_new = state == nullptr;
        auto made = is_new ? std::make_unique<torch_param_state>() : nullptr;
        if (is_new) {
          state = made.get();
          state->strides_ = detail::slot_strides(param, options.rule());
        }
        detail::torch_arrays arrays(param, param.grad(), state->strides_);
        arrays.tensor.key = number;
        state->prepare(arrays, options);
        if (is_new) state_[detail::state_key(state_, param)] = std::move(made);
        add(batches, options, sums_over_all, std::move(arrays), *state);
      }
    }
    return batches;
  }

  static void add(std::vector<batch>& batches, const torch_options& options, bool sums_over_all,
                  detail::torch_arrays arrays, torch_param_state& state) {
    const bool is_fresh = state.has_fresh_slot_ && state.step_ > 0;
    const auto fits = [&](const batch& other) {
      if (sums_over_all) return other.options->rule_name() == options.rule_name();
      return other.options == &options && other.step == state.step_ &&
             other.has_fresh_slots == is_fresh;
    };
    auto found = std::find_if(batches.rbegin(), batches.rend(), fits);
    if (found == batches.rend()) {
      batches.push_back({&options, state.step_, is_fresh, sums_over_all, {}, {}});
      found = batches.rbegin();
    }
    TORCH_CHECK(!sums_over_all || *found->options == options, "the rule ", options.rule_name(),
                " sums over all params, so all its groups have the same hyper-parameters");
    found->step = std::max(found->step, state.step_);
    found->has_fresh_slots |= is_fresh;
    found->params.push_back(std::move(arrays));
    found->states.push_back(&state);
  }

  void apply_batch(batch& each) {
    std::vector<gradstep_tensor> tensors;
    tensors.reserve(each.params.size());
    std::vector<double> shared = each.options->rule().initial_scalars(GRADSTEP_SCOPE_ALL);
    for (std::size_t i = 0; i < each.params.size(); ++i) {
      each.states[i]->connect(each.params[i].tensor);
      tensors.push_back(each.params[i].tensor);
      if (each.states[i]->step_ > 0 && !shared.empty()) shared = each.states[i]->shared_scalars_;
    }
    auto options = sized<gradstep_apply_options>();
    options.step = static_cast<std::uint64_t>(each.step) + 1;
    options.flags = each.has_fresh_slots ? GRADSTEP_APPLY_FRESH_SLOTS : 0;
    options.scalars = shared.empty() ? nullptr : shared.data();
    options.scalar_count = shared.size();
    const auto result = apply(*context_, each.options->rule(), tensors, options);
    if (result.is_stopped != 0) return;
    for (std::size_t i = 0; i < each.params.size(); ++i) {
      each.params[i].finish();
      each.states[i]->step_ = each.step + 1;
      each.states[i]->has_fresh_slot_ = false;
      each.states[i]->shared_scalars_ = shared;
    }
  }

  template <class States>
  void load_group(std::size_t g, torch::serialize::InputArchive& group, States& loaded) {
    auto& params = param_groups_[g].params();
    torch::IValue value;
    group.read("param_count", value);
    TORCH_CHECK(value.toInt() == static_cast<std::int64_t>(params.size()),
                "loaded state dict contains a parameter group that has a different size than the "
                "optimizer's parameter group: ",
                value.toInt(), " instead of ", params.size());
    torch::serialize::InputArchive options_archive;
    group.read("options", options_archive);
    const torch_options& options = options_of(param_groups_[g]);
    torch_options saved(options);
    saved.serialize(options_archive);
    TORCH_CHECK(saved.rule_name() == options.rule_name(), "the loaded state of parameter group ", g,
                " is of the rule ", saved.rule_name(), ", and the group has ", options.rule_name());
    for (std::size_t p = 0; p < params.size(); ++p) {
      torch::serialize::InputArchive state_archive;
      if (!group.try_read("state_" + std::to_string(p), state_archive)) continue;
      auto state = std::make_unique<torch_param_state>();
      state->serialize(state_archive);
      detail::torch_arrays arrays(params[p], torch::Tensor(), state->strides_);
      state->prepare(arrays, options);
      loaded[detail::state_key(state_, params[p])] = std::move(state);
    }
  }

  std::shared_ptr<const context> context_;
};

}  // namespace gradstep

#endif  // GRADSTEP_ADAPTERS_TORCH_HPP

// The options of a group of torch_optimizer. Programs include torch.hpp.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef GRADSTEP_ADAPTERS_TORCH_OPTIONS_HPP
#define GRADSTEP_ADAPTERS_TORCH_OPTIONS_HPP

#include <torch/optim/optimizer.h>
#include <torch/serialize/archive.h>
#include <gradstep/gradstep.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gradstep {

/// A rule with values for its hyper-parameters, in the place of torch::optim::AdamWOptions and the
/// like:
///
///     gradstep::torch_options("adamw").lr(3e-4).set("weight_decay", 0.1)
///
/// Names, defaults and bounds are the library's. get_lr and set_lr, which libtorch's schedulers
/// call, are the hyper-parameter "lr".
class torch_options : public torch::optim::OptimizerCloneableOptions<torch_options> {
 public:
  /// Throws gradstep::error for an unknown rule or hyper-parameter, and for a value out of bounds.
  explicit torch_options(const std::string& rule_name, const std::vector<setting>& settings = {})
      : rule_(rule_name, settings) {
    for (std::size_t i = 0; i < rule_.info().hyperparameter_count; ++i) {
      auto info = sized<gradstep_hyperparameter_info>();
      throw_on_failure(gradstep_rule_describe_hyperparameter(rule_.name(), i, &info));
      names_.emplace_back(info.name);
    }
  }
  torch_options(const torch_options& other)
      : torch::optim::OptimizerCloneableOptions<torch_options>(other),
        rule_(other.rule_.name()),
        names_(other.names_),
        slot_dtype_(other.slot_dtype_),
        stamp_(other.stamp_) {
    for (const std::string& name : names_) rule_.set(name, other.rule_.get(name));
  }
  torch_options(torch_options&&) = default;
  torch_options& operator=(torch_options other) noexcept {
    std::swap(rule_, other.rule_);
    std::swap(names_, other.names_);
    std::swap(slot_dtype_, other.slot_dtype_);
    std::swap(stamp_, other.stamp_);
    return *this;
  }
  ~torch_options() override = default;

  std::string rule_name() const { return rule_.name(); }
  const gradstep::rule& rule() const noexcept { return rule_; }
  /// The names of the rule's hyper-parameters.
  const std::vector<std::string>& names() const noexcept { return names_; }

  double get(const std::string& hyperparameter) const { return rule_.get(hyperparameter); }
  torch_options& set(const std::string& hyperparameter, double value) {
    rule_.set(hyperparameter, value);
    if (hyperparameter != "lr") stamp_ = next_stamp();
    return *this;
  }
  double lr() const { return get("lr"); }
  torch_options& lr(double value) { return set("lr", value); }
  double get_lr() const override { return lr(); }
  void set_lr(const double lr) override { set("lr", lr); }

  /// The dtype that state is to have, such as GRADSTEP_BFLOAT16 or GRADSTEP_S1E4M3_B256: see
  /// gradstep_rule_slot_layout. 0: float64 beside float64 params, and float32 beside all others. A
  /// slot that is there already keeps its dtype.
  std::int32_t slot_dtype() const noexcept { return slot_dtype_; }
  torch_options& slot_dtype(std::int32_t dtype) {
    auto tensor = sized<gradstep_tensor>();
    tensor.param.dtype = GRADSTEP_FLOAT32;
    for (std::size_t i = 0; i < rule_.slot_count(); ++i) rule_.slot_layout(i, tensor, dtype);
    slot_dtype_ = dtype;
    stamp_ = next_stamp();
    return *this;
  }

  void serialize(torch::serialize::OutputArchive& archive) const override {
    archive.write("rule", torch::IValue(rule_name()));
    archive.write("slot_dtype", torch::IValue(std::int64_t{slot_dtype_}));
    for (const std::string& name : names_) archive.write(name, torch::IValue(get(name)));
  }
  /// Throws gradstep::error or c10::Error; the options are then as they were. A hyper-parameter
  /// that the archive lacks gets its default.
  void serialize(torch::serialize::InputArchive& archive) override {
    torch::IValue value;
    archive.read("rule", value);
    torch_options made(value.toStringRef());
    archive.read("slot_dtype", value);
    made.slot_dtype(static_cast<std::int32_t>(value.toInt()));
    for (const std::string& name : made.names_) {
      if (archive.try_read(name, value)) made.set(name, value.toDouble());
    }
    *this = std::move(made);
  }

  /// Changes whenever other slots may be needed: with all hyper-parameters but the rate.
  std::uint64_t stamp() const noexcept { return stamp_; }

  friend bool operator==(const torch_options& a, const torch_options& b) {
    if (a.rule_name() != b.rule_name() || a.slot_dtype_ != b.slot_dtype_) return false;
    for (const std::string& name : a.names_) {
      if (a.get(name) != b.get(name)) return false;
    }
    return true;
  }

 private:
  static std::uint64_t next_stamp() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
  }

  gradstep::rule rule_;
  std::vector<std::string> names_;
  std::int32_t slot_dtype_ = 0;
  std::uint64_t stamp_ = next_stamp();
};

}  // namespace gradstep

#endif  // GRADSTEP_ADAPTERS_TORCH_OPTIONS_HPP

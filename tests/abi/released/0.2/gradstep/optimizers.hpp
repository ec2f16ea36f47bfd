// The optimizer. Programs include gradstep.hpp.
//
// SPDX-License-Identifier: Apache-2.0
//
//     gradstep::optimizer optimizer(context);
//     const gradstep::rule adamw("adamw", {{"lr", 1e-3}});
//     const gradstep::schedule cosine("cosine", {{"total_steps", 1000}});
//     const auto decay = optimizer.add_group("decay", adamw, &cosine);
//     optimizer.add_tensor(decay, "weight", param, grad, count);
//     optimizer.step();                              // each time the gradients are ready
//     optimizer.save("run.safetensors", GRADSTEP_CHECKPOINT_PARAMS);
#ifndef GRADSTEP_OPTIMIZERS_HPP
#define GRADSTEP_OPTIMIZERS_HPP

#include <gradstep/gradstep.h>
#include <gradstep/c_calls.hpp>
#include <gradstep/contexts.hpp>
#include <gradstep/loss_scalers.hpp>
#include <gradstep/rules.hpp>
#include <gradstep/schedules.hpp>
#include <gradstep/typed_arrays.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace gradstep {

/// Holds groups of tensors, a rule and a schedule for each group, and the state and step count of
/// each tensor. Calls refer to groups and tensors by index: 0, 1, 2 ... in the order in which they
/// were added. The context must outlive the optimizer, and the arrays their tensors; rules and
/// schedules are copied. The object can be moved.
class optimizer {
 public:
  explicit optimizer(const context& context, const gradstep_optimizer_options& options =
                                                 sized<gradstep_optimizer_options>()) {
    gradstep_optimizer* created = nullptr;
    throw_on_failure(gradstep_optimizer_create(context.get(), &options, &created));
    handle_.reset(created);
  }
  void set_options(const gradstep_optimizer_options& options) {
    throw_on_failure(gradstep_optimizer_set_options(get(), &options));
  }

  // ---- Groups and tensors

  std::size_t add_group(const gradstep_group_options& options) {
    std::size_t group = 0;
    throw_on_failure(gradstep_optimizer_add_group(get(), &options, &group));
    return group;
  }
  /// schedule: nullptr for a constant rate. slot_dtype: 0 for the type of the arithmetic, which is
  /// float64 for float64 params and float32 for others.
  std::size_t add_group(const std::string& name, const rule& rule,
                        const schedule* schedule = nullptr, double lr_scale = 1,
                        std::int32_t slot_dtype = 0) {
    auto options = sized<gradstep_group_options>();
    options.name = name.c_str();
    options.rule = rule.get();
    options.schedule = schedule == nullptr ? nullptr : schedule->get();
    options.flags = GRADSTEP_GROUP_LR_SCALE;
    options.lr_scale = lr_scale;
    options.slot_dtype = slot_dtype;
    return add_group(options);
  }

  std::size_t add_tensor(std::size_t group, const std::string& name,
                         const gradstep_tensor& tensor) {
    std::size_t index = 0;
    throw_on_failure(gradstep_optimizer_add_tensor(get(), group, name.c_str(), &tensor, &index));
    return index;
  }
  /// Adds a tensor that has only these two arrays. grad may be nullptr.
  template <class Param, class Grad>
  std::size_t add_tensor(std::size_t group, const std::string& name, Param* param, Grad* grad,
                         std::size_t count) {
    return add_tensor(group, name, tensor_of(param, grad, count));
  }
  /// The same for matrices: add_tensor(group, name, param, grad, {rows, columns}).
  template <class Param, class Grad>
  std::size_t add_tensor(std::size_t group, const std::string& name, Param* param, Grad* grad,
                         const shape& shape) {
    return add_tensor(group, name, tensor_of(param, grad, shape));
  }

  std::size_t find_group(const std::string& name) const {
    std::size_t group = 0;
    throw_on_failure(gradstep_optimizer_find_group(get(), name.c_str(), &group));
    return group;
  }
  std::size_t find_tensor(const std::string& name) const {
    std::size_t tensor = 0;
    throw_on_failure(gradstep_optimizer_find_tensor(get(), name.c_str(), &tensor));
    return tensor;
  }

  /// Replaces the gradient by an array of the same dtype and count. nullptr: the tensor has no
  /// gradient, and takes no part in steps unless it has an accumulated gradient. Until the next
  /// step, the array may also be the gradient of another tensor.
  void set_grad(std::size_t tensor, void* grad) {
    throw_on_failure(gradstep_optimizer_set_grad(get(), tensor, grad));
  }
  /// The gradients of grads.size() tensors, from tensor `first` on.
  void set_grads(std::size_t first, const std::vector<void*>& grads) {
    throw_on_failure(gradstep_optimizer_set_grads(get(), first, grads.size(), grads.data()));
  }
  void freeze(std::size_t tensor) {
    throw_on_failure(gradstep_optimizer_set_frozen(get(), tensor, 1));
  }
  void thaw(std::size_t tensor) {
    throw_on_failure(gradstep_optimizer_set_frozen(get(), tensor, 0));
  }

  // ---- The life of a tensor

  void remove_tensor(std::size_t tensor) {
    throw_on_failure(gradstep_optimizer_remove_tensor(get(), tensor));
  }
  /// The group has no tensors.
  void remove_group(std::size_t group) {
    throw_on_failure(gradstep_optimizer_remove_group(get(), group));
  }
  void move_tensor(std::size_t tensor, std::size_t group) {
    throw_on_failure(gradstep_optimizer_move_tensor(get(), tensor, group));
  }
  /// The tensor's arrays have moved: its state goes on as it is.
  void set_param(std::size_t tensor, const gradstep_tensor& arrays) {
    throw_on_failure(gradstep_optimizer_set_param(get(), tensor, &arrays, nullptr, 0));
  }
  /// The tensor consists of sources.size() items: item i continues the state of the old item
  /// sources[i], or begins if that is -1.
  void set_param(std::size_t tensor, const gradstep_tensor& arrays,
                 const std::vector<std::int64_t>& sources) {
    throw_on_failure(
        gradstep_optimizer_set_param(get(), tensor, &arrays, sources.data(), sources.size()));
  }

  // ---- Settings of a group, and of the optimizer

  void set(std::size_t group, const std::string& hyperparameter, double value) {
    throw_on_failure(
        gradstep_optimizer_set_hyperparameter(get(), group, hyperparameter.c_str(), value));
  }
  double get(std::size_t group, const std::string& hyperparameter) const {
    double value = 0;
    throw_on_failure(
        gradstep_optimizer_get_hyperparameter(get(), group, hyperparameter.c_str(), &value));
    return value;
  }
  void set_schedule(std::size_t group, const schedule* schedule) {
    throw_on_failure(gradstep_optimizer_set_schedule(
        get(), group, schedule == nullptr ? nullptr : schedule->get()));
  }

  /// Clips the group by the norm of its own gradients; 0: the optimizer's options clip it.
  void set_group_max_norm(std::size_t group, double max_norm) {
    throw_on_failure(gradstep_optimizer_set_group_max_norm(get(), group, max_norm));
  }

  void set_plateau(std::size_t group, const plateau& plateau) {
    throw_on_failure(gradstep_optimizer_set_plateau(get(), group, &plateau.state()));
  }
  void remove_plateau(std::size_t group) {
    throw_on_failure(gradstep_optimizer_set_plateau(get(), group, nullptr));
  }
  plateau plateau_of(std::size_t group) const {
    auto state = sized<gradstep_plateau>();
    throw_on_failure(gradstep_optimizer_get_plateau(get(), group, &state));
    return plateau(state);
  }
  /// Returns the number of groups whose rate was lowered.
  std::size_t report_metric(double metric) {
    std::size_t reduced_count = 0;
    throw_on_failure(gradstep_optimizer_report_metric(get(), metric, &reduced_count));
    return reduced_count;
  }

  /// Copies the scaler. From now on each step divides the gradients by its scale, and updates the
  /// copy.
  void set_loss_scaler(const loss_scaler& scaler) {
    throw_on_failure(gradstep_optimizer_set_loss_scaler(get(), &scaler.state()));
  }
  void remove_loss_scaler() {
    throw_on_failure(gradstep_optimizer_set_loss_scaler(get(), nullptr));
  }
  /// A copy of the present scaler. In each step, multiply the loss by its scale().
  loss_scaler scaler() const {
    auto state = sized<gradstep_loss_scaler>();
    throw_on_failure(gradstep_optimizer_get_loss_scaler(get(), &state));
    return loss_scaler(state);
  }

  /// Makes a transform, such as "evaluate", for a group, or for all groups whose rule has it.
  void transform(const std::string& name, std::size_t group = GRADSTEP_ALL_GROUPS) {
    throw_on_failure(gradstep_optimizer_transform(get(), group, name.c_str()));
  }

  // ---- Moving averages

  /// Copies params to their averages, which then hold one param.
  void start_average(std::size_t tensor = GRADSTEP_ALL_TENSORS) {
    throw_on_failure(gradstep_optimizer_start_average(get(), tensor));
  }
  /// Says how many params an average holds; 0: the next step begins it anew.
  void set_average_count(std::size_t tensor, std::uint64_t count) {
    throw_on_failure(gradstep_optimizer_set_average_count(get(), tensor, count));
  }

  // ---- Steps

  gradstep_apply_result step(
      const gradstep_step_options& options = sized<gradstep_step_options>()) {
    auto result = sized<gradstep_apply_result>();
    throw_on_failure(gradstep_optimizer_step(get(), &options, &result));
    return result;
  }
  void begin_step(const gradstep_step_options& options = sized<gradstep_step_options>()) {
    throw_on_failure(gradstep_optimizer_begin_step(get(), &options));
  }
  void step_tensor(std::size_t tensor) {
    throw_on_failure(gradstep_optimizer_step_tensor(get(), tensor));
  }
  /// left_out_count of the result is the number of tensors that should have taken part but were not
  /// stepped.
  gradstep_apply_result end_step() {
    auto result = sized<gradstep_apply_result>();
    throw_on_failure(gradstep_optimizer_end_step(get(), &result));
    return result;
  }
  void inspect(std::size_t tensor = GRADSTEP_ALL_TENSORS, double grad_scale = 1) {
    throw_on_failure(gradstep_optimizer_inspect(get(), tensor, grad_scale));
  }
  void accumulate(std::size_t tensor = GRADSTEP_ALL_TENSORS, double scale = 1) {
    throw_on_failure(gradstep_optimizer_accumulate(get(), tensor, scale));
  }

  // ---- Looking into the optimizer

  gradstep_optimizer_info describe() const {
    auto info = sized<gradstep_optimizer_info>();
    throw_on_failure(gradstep_optimizer_describe(get(), &info));
    return info;
  }
  gradstep_group_info describe_group(std::size_t group) const {
    auto info = sized<gradstep_group_info>();
    throw_on_failure(gradstep_optimizer_describe_group(get(), group, &info));
    return info;
  }
  gradstep_tensor_info describe_tensor(std::size_t tensor) const {
    auto info = sized<gradstep_tensor_info>();
    throw_on_failure(gradstep_optimizer_describe_tensor(get(), tensor, &info));
    return info;
  }
  /// Returns where an array is and how it is stored. name: a slot ("exp_avg"), "param", "average"
  /// or "accumulated_grad".
  gradstep_array array(std::size_t tensor, const std::string& name) const {
    return find_array(tensor, name).array;
  }
  std::vector<double> read(std::size_t tensor, const std::string& name) const {
    const found_array found = find_array(tensor, name);
    return gradstep::read(found.array, found.count);
  }
  /// Sets all elements. Throws unless there is one value per element.
  void write(std::size_t tensor, const std::string& name, const std::vector<double>& values) {
    const found_array found = find_array(tensor, name);
    if (values.size() != found.count) {
      throw error(GRADSTEP_INVALID_ARGUMENT,
                  "gradstep::optimizer::write: not as many values as elements");
    }
    gradstep::write(found.array, values);
  }

  /// A scalar of the tensor's rule, such as the rate "d" that prodigy has found.
  double scalar(std::size_t tensor, const std::string& name) const {
    double value = 0;
    throw_on_failure(gradstep_optimizer_get_scalar(get(), tensor, name.c_str(), &value));
    return value;
  }

  // ---- State from elsewhere

  void set_step_count(std::uint64_t step_count) {
    throw_on_failure(gradstep_optimizer_set_step_count(get(), step_count));
  }
  /// tensor: GRADSTEP_ALL_TENSORS for all.
  void set_tensor_step_count(std::size_t tensor, std::uint64_t step_count) {
    throw_on_failure(gradstep_optimizer_set_tensor_step_count(get(), tensor, step_count));
  }
  /// `to` has `count` elements and any dtype.
  void export_array(std::size_t tensor, const std::string& name, const gradstep_array& to,
                    std::size_t count) const {
    throw_on_failure(gradstep_optimizer_export_array(get(), tensor, name.c_str(), &to, count));
  }
  /// `from` has `count` elements and any dtype.
  void import_array(std::size_t tensor, const std::string& name, const gradstep_array& from,
                    std::size_t count) {
    throw_on_failure(gradstep_optimizer_import_array(get(), tensor, name.c_str(), &from, count));
  }
  void set_scalar(std::size_t tensor, const std::string& name, double value) {
    throw_on_failure(gradstep_optimizer_set_scalar(get(), tensor, name.c_str(), value));
  }

  // ---- Notes: texts of the caller's, which checkpoints hold

  void set_note(const std::string& name, const std::string& text) {
    throw_on_failure(gradstep_optimizer_set_note(get(), name.c_str(), text.c_str()));
  }
  void remove_note(const std::string& name) {
    throw_on_failure(gradstep_optimizer_set_note(get(), name.c_str(), nullptr));
  }
  std::string note(const std::string& name) const {
    const char* text = nullptr;
    throw_on_failure(gradstep_optimizer_get_note(get(), name.c_str(), &text));
    return text;
  }
  /// All notes by their names.
  std::map<std::string, std::string> notes() const {
    std::size_t count = 0;
    throw_on_failure(gradstep_optimizer_note_count(get(), &count));
    std::map<std::string, std::string> all;
    for (std::size_t i = 0; i < count; ++i) {
      const char *name = nullptr, *text = nullptr;
      throw_on_failure(gradstep_optimizer_note_at(get(), i, &name, &text));
      all.emplace(name, text);
    }
    return all;
  }

  // ---- Checkpoints. The flags are GRADSTEP_CHECKPOINT_PARAMS, _PARTIAL and so on.

  void save(const std::string& path, std::uint64_t flags = 0) const {
    throw_on_failure(gradstep_optimizer_save(get(), path.c_str(), flags));
  }
  gradstep_load_result load(const std::string& path, std::uint64_t flags = 0) {
    auto result = sized<gradstep_load_result>();
    throw_on_failure(gradstep_optimizer_load(get(), path.c_str(), flags, &result));
    return result;
  }
  /// To a file, through a function, or into memory. Returns the number of bytes.
  std::uint64_t save_to(const gradstep_save_options& options) const {
    std::uint64_t size = 0;
    throw_on_failure(gradstep_optimizer_save_to(get(), &options, &size));
    return size;
  }
  std::vector<unsigned char> save_to_memory(std::uint64_t flags = 0) const {
    auto options = sized<gradstep_save_options>();
    options.flags = flags;
    std::vector<unsigned char> bytes(save_to(options));
    options.memory = bytes.data();
    options.memory_size = bytes.size();
    save_to(options);
    return bytes;
  }
  /// From a file, through a function, or from memory; also under other names of tensors.
  gradstep_load_result load_from(const gradstep_load_options& options) {
    auto result = sized<gradstep_load_result>();
    throw_on_failure(gradstep_optimizer_load_from(get(), &options, &result));
    return result;
  }
  gradstep_load_result load_from_memory(const std::vector<unsigned char>& bytes,
                                        std::uint64_t flags = 0) {
    auto options = sized<gradstep_load_options>();
    options.flags = flags;
    options.memory = bytes.data();
    options.memory_size = bytes.size();
    return load_from(options);
  }

  gradstep_optimizer* get() noexcept { return handle_.get(); }
  const gradstep_optimizer* get() const noexcept { return handle_.get(); }

 private:
  struct found_array {
    gradstep_array array;
    std::size_t count;
  };
  found_array find_array(std::size_t tensor, const std::string& name) const {
    found_array found{};
    throw_on_failure(
        gradstep_optimizer_get_array(get(), tensor, name.c_str(), &found.array, &found.count));
    return found;
  }

  struct destroy {
    void operator()(gradstep_optimizer* o) const noexcept { gradstep_optimizer_destroy(o); }
  };
  std::unique_ptr<gradstep_optimizer, destroy> handle_;
};

}  // namespace gradstep

#endif  // GRADSTEP_OPTIMIZERS_HPP

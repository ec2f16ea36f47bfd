// SPDX-License-Identifier: Apache-2.0
#include "guest/every_call.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <gradstep/gradstep.hpp>
#include <gradstep/optimizers.hpp>

namespace {

/// A list of milestones, a momentum, and a sequence.
void use_schedules() {
  gradstep::schedule multistep("multistep");
  multistep.set("milestones", std::vector<double>{3, 6});
  gradstep::schedule cyclic("cyclic", {{"max_lr", 0.5}, {"drives_momentum", 1}});
  cyclic.get("max_lr");
  cyclic.momentum(2);
  const auto both = gradstep::schedule::sequence({&multistep, &cyclic}, {8});
  gradstep::throw_on_failure(gradstep_schedule_check(both.get()));
  both.lr(0.1, 9);
}

void enumerate() {
  for (size_t i = 0; i < gradstep_rule_count(); ++i) {
    const gradstep::rule rule(gradstep_rule_name(i));
    for (size_t h = 0; h < rule.info().hyperparameter_count; ++h) {
      auto info = gradstep::sized<gradstep_hyperparameter_info>();
      gradstep::throw_on_failure(gradstep_rule_describe_hyperparameter(rule.name(), h, &info));
      rule.get(info.name);
    }
    for (size_t s = 0; s < rule.info().scalar_count; ++s) {
      auto info = gradstep::sized<gradstep_scalar_info>();
      gradstep::throw_on_failure(gradstep_rule_describe_scalar(rule.name(), s, &info));
    }
    for (size_t s = 0; s < rule.slot_count(); ++s) {
      rule.slot(s);
      float none = 0;
      rule.slot_layout(s, gradstep::tensor_of(&none, &none, 1));
    }
  }
  for (size_t i = 0; i < gradstep_schedule_count(); ++i) {
    auto info = gradstep::sized<gradstep_schedule_info>();
    gradstep::throw_on_failure(gradstep_schedule_describe(gradstep_schedule_name(i), &info));
    for (size_t p = 0; p < info.hyperparameter_count; ++p) {
      auto parameter = gradstep::sized<gradstep_hyperparameter_info>();
      gradstep::throw_on_failure(
          gradstep_schedule_describe_hyperparameter(info.name, p, &parameter));
    }
  }
  gradstep_rule_transform_name("sgd", 0);
  gradstep_version_text();
  gradstep_status_name(gradstep_version() == 0 ? 1 : 0);
}

struct model {
  model(const gradstep::context& context, const char* slot_rule)
      : optimizer(context, options()), params(3), grads(3) {
    const gradstep::schedule cosine("cosine", {{"total_steps", 100}});
    optimizer.add_group("plain", gradstep::rule("sgd"), &cosine);
    optimizer.add_group("narrow", gradstep::rule(slot_rule), nullptr, 0.5, GRADSTEP_S1E4M3_B256);
    const std::array<size_t, 3> counts = {100, 5000, 0};
    for (size_t i = 0; i < 3; ++i) {
      params[i].resize(counts[i], 0.5F);
      grads[i].resize(counts[i], 0.25F);
      optimizer.add_tensor(i == 0 ? 0 : 1, std::string("t").append(std::to_string(i)),
                           params[i].data(), grads[i].data(), counts[i]);
    }
  }
  static gradstep_optimizer_options options() {
    auto o = gradstep::sized<gradstep_optimizer_options>();
    o.flags = GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_ZERO_GRAD;
    o.max_norm = 1;
    return o;
  }
  gradstep::optimizer optimizer;
  std::vector<std::vector<float>> params, grads;
};

void use_averages(const gradstep::context& context) {
  auto options = model::options();
  options.flags |= GRADSTEP_APPLY_AVERAGE | GRADSTEP_APPLY_AVERAGE_EQUAL;
  gradstep::optimizer o(context, options);
  std::vector<float> param(100, 0.5F), grad(100, 0.25F), average(100);
  auto tensor = gradstep::tensor_of(param.data(), grad.data(), 100);
  tensor.average = gradstep::array_of(average.data());
  o.add_group("all", gradstep::rule("sgd"));
  o.add_tensor(0, "weight", tensor);
  o.start_average();
  o.step();
  o.set_average_count(0, 7);
  o.step();
}

void add_arrays(gradstep::optimizer& o) {
  static std::vector<float> param(20), grad(20);
  const std::string name = "arrays " + std::to_string(o.describe().tensor_count);
  gradstep::throw_on_failure(gradstep_optimizer_add_arrays(o.get(), 0, name.c_str(), 20, 4, 5,
                                                           GRADSTEP_FLOAT32, param.data(),
                                                           GRADSTEP_FLOAT32, grad.data(), nullptr));
}

/// Other groups and rules, and a stream in place of the file.
void load_under_other_names(const gradstep::context& context,
                            const std::vector<unsigned char>& bytes) {
  gradstep::optimizer o(context);
  model other(context, "nadam");
  auto options = gradstep::sized<gradstep_load_options>();
  options.flags = GRADSTEP_CHECKPOINT_ANY_GROUP | GRADSTEP_CHECKPOINT_START_MISSING |
                  GRADSTEP_CHECKPOINT_PARTIAL;
  options.stream = const_cast<unsigned char*>(bytes.data());
  options.stream_size = bytes.size();
  options.read = [](void* stream, uint64_t offset, void* to, size_t size) -> int32_t {
    std::memcpy(to, static_cast<const unsigned char*>(stream) + offset, size);
    return 0;
  };
  other.optimizer.load_from(options);
  options.file_prefix = "t";
  options.prefix = "u";
  o.load_from(options);
  o.notes();
}

/// Steps in all ways, under everything that has a say in them.
void step_optimizer(model& m) {
  auto& o = m.optimizer;
  o.step();
  o.set_loss_scaler(gradstep::loss_scaler());
  o.inspect(1);
  o.inspect();
  auto inspected = gradstep::sized<gradstep_step_options>();
  inspected.flags = GRADSTEP_STEP_INSPECTED;
  o.begin_step(inspected);
  o.step_tensor(0);
  o.end_step();
  m.grads[0][0] = INFINITY;
  o.step();
  o.remove_loss_scaler();
  o.accumulate();
  o.accumulate(1, 0.5);
  o.set_plateau(0, gradstep::plateau(0.1));
  o.report_metric(1);
  o.plateau_of(0);
}

void set_notes(gradstep::optimizer& o) {
  o.set_note("epoch", "1");
  o.set_note("epoch", "2");
  o.set_note("data", "digits");
  o.remove_note("data");
  o.note("epoch");
  o.notes();
}

void change_settings(model& m) {
  auto& o = m.optimizer;
  o.set(1, "amsgrad", 1);
  o.get(1, "beta1");
  o.step();
  o.freeze(0);
  o.set_schedule(0, nullptr);
  o.set_grad(0, nullptr);
  o.set_grads(0, {nullptr});
  add_arrays(o);
  o.set_options(model::options());
  o.set_group_max_norm(1, 0.5);
  o.step();
}

void describe(const gradstep::optimizer& o) {
  for (size_t t = 0; t < 3; ++t) o.read(t, "param");
  o.read(1, "exp_avg");
  o.describe_group(o.find_group("narrow"));
  o.describe_tensor(o.find_tensor("t2"));
}

void use_optimizer(const gradstep::context& context, const std::string& path) {
  model m(context, "adamw");
  step_optimizer(m);
  set_notes(m.optimizer);
  m.optimizer.save(path, GRADSTEP_CHECKPOINT_PARAMS);
  const auto bytes = m.optimizer.save_to_memory(GRADSTEP_CHECKPOINT_PARAMS);
  change_settings(m);
  use_averages(context);
  describe(m.optimizer);
  model other(context, "adamw");
  other.optimizer.load(path, GRADSTEP_CHECKPOINT_PARAMS);
  other.optimizer.step();
  other.optimizer.load(path, GRADSTEP_CHECKPOINT_PARTIAL | GRADSTEP_CHECKPOINT_KEEP_SETTINGS);
  other.optimizer.load_from_memory(bytes, GRADSTEP_CHECKPOINT_PARAMS);
  load_under_other_names(context, bytes);
}

/// A rule that sums over all tensors, and one with transforms. Matrices of adafactor.
void use_rules_of_passes(const gradstep::context& context) {
  constexpr size_t count = 70'000;
  gradstep::optimizer o(context);
  std::vector<float> params(3 * count, 0.5F), grads(3 * count, 0.25F);
  const char* const rule_names[] = {"prodigy", "schedule_free_adamw", "adafactor"};
  for (size_t i = 0; i < 3; ++i) {
    o.add_group(rule_names[i], gradstep::rule(rule_names[i]));
    auto tensor = gradstep::tensor_of(&params[i * count], &grads[i * count], count);
    tensor.rows = 70;
    tensor.columns = 1000;
    o.add_tensor(i, rule_names[i], tensor);
  }
  for (int step = 0; step < 2; ++step) o.step();
  double value = 0;
  gradstep::throw_on_failure(gradstep_optimizer_get_scalar(o.get(), 0, "d", &value));
  for (const char* const name : {"evaluate", "train"}) {
    gradstep::throw_on_failure(gradstep_optimizer_transform(o.get(), GRADSTEP_ALL_GROUPS, name));
  }
  o.set_scalar(0, "d", value);
  o.step();
}

/// One call that succeeds, and one that fails, with a sentence that does not fit.
bool call_by_name(const gradstep::context& context) {
  auto info = gradstep::sized<gradstep_context_info>();
  const std::array<std::uint64_t, 2> arguments = {reinterpret_cast<std::uintptr_t>(context.get()),
                                                  reinterpret_cast<std::uintptr_t>(&info)};
  char sentence[16] = "";
  if (gradstep_call("gradstep_context_describe", arguments.data(), 2, sentence, sizeof sentence) !=
      GRADSTEP_OK) {
    return false;
  }
  return gradstep_call("gradstep_context_describes", arguments.data(), 2, sentence,
                       sizeof sentence) == GRADSTEP_UNKNOWN_NAME &&
         std::string(sentence).size() == 15;
}

/// Tensors that are moved, grown, pruned and removed; state that goes from one to another.
void use_changing_tensors(const gradstep::context& context) {
  for (const char* const rule_name : {"adam", "adafactor", "schedule_free_adamw"}) {
    model m(context, "adamw");
    auto& o = m.optimizer;
    o.step();
    o.accumulate();
    const auto group = o.add_group(rule_name, gradstep::rule(rule_name));
    o.move_tensor(1, group);
    o.step();
    o.move_tensor(1, 1);
    std::vector<int64_t> sources;
    for (int64_t i = 0; i < 600; ++i) sources.push_back(i % 7 == 0 ? -1 : i % 500);
    std::vector<float> param(6000, 0.5F), grad(6000, 0.25F);  // items of 10
    o.accumulate(1);
    o.set_param(1, gradstep::tensor_of(param.data(), grad.data(), 6000), sources);
    o.set_param(1, gradstep::tensor_of(param.data(), grad.data(), 6000));
    o.step();
    std::vector<double> values(6000, 0.125);
    o.export_array(1, "exp_avg", gradstep::array_of(values.data()), 6000);
    o.import_array(1, "exp_avg", gradstep::array_of(values.data()), 6000);
    o.set_step_count(40);
    o.set_tensor_step_count(GRADSTEP_ALL_TENSORS, 30);
    o.step();
    o.set_param(1, gradstep::tensor_of(param.data(), grad.data(), 0), {});
    o.step();
    o.remove_tensor(1);
    o.remove_group(group);
    o.step();
  }
}

/// Calls that fail, each in its own way.
bool fail(const gradstep::context& context, const std::string& path) {
  model m(context, "adagrad");
  auto* const o = m.optimizer.get();
  auto info = gradstep::sized<gradstep_rule_info>();
  size_t index = 0;
  const gradstep_status statuses[] = {
      gradstep_optimizer_load(o, path.c_str(), 0, nullptr),
      gradstep_optimizer_load(o, "/nowhere/at all", 0, nullptr),
      gradstep_optimizer_save(o, "/nowhere/at all", 0),
      gradstep_rule_describe("adanw", &info),
      gradstep_optimizer_find_tensor(o, "t9", &index),
      gradstep_optimizer_end_step(o, nullptr),
      gradstep_optimizer_set_grad(o, 0, m.params[1].data()),
      gradstep_optimizer_set_hyperparameter(o, 0, "lr", -1),
      gradstep_optimizer_remove_group(o, 0),
      gradstep_optimizer_move_tensor(o, 3, 0),
      gradstep_apply(context.get(), nullptr, nullptr, 0, nullptr, nullptr)};
  for (const gradstep_status status : statuses) {
    if (status == GRADSTEP_OK || *gradstep_last_error() == '\0') return false;
  }
  return call_by_name(context);
}

}  // namespace

bool make_every_call(const gradstep::context& context, const std::string& path) {
  enumerate();
  use_schedules();
  context.describe();
  make_stateless_calls(context);
  use_optimizer(context, path);
  use_rules_of_passes(context);
  use_changing_tensors(context);
  const bool is_good = fail(context, path);
  std::remove(path.c_str());
  return is_good;
}

// SPDX-License-Identifier: Apache-2.0
//
// The members of the state's JSON. Each list below is used for writing and for reading, so a member
// that is added to a list is saved and loaded. docs/checkpoints.md describes the format.
//
// Members that come after version 0.1 are absent while they have their default: use number_unless,
// count_if_any and the other functions with such names. Then files of earlier versions load, and an
// earlier library refuses a file only if it would lose something by loading it. So each new member
// is one line below. A new hyper-parameter of an existing rule is one line in
// later_hyperparameters, in settings_json.cpp.
#include "checkpoint/metadata.hpp"

#include <cmath>

#include "base/text_environment.hpp"
#include "checkpoint/member_io.hpp"

namespace gradstep::internal {
namespace {

/// Increased with every change that earlier versions of the library cannot read.
constexpr std::uint64_t state_format = 1;

constexpr auto plateau_members = [](auto& io, auto& p) {
  io.number("lr", p.lr);
  io.number("factor", p.factor);
  io.number("threshold", p.threshold);
  io.number("min_lr", p.min_lr);
  io.number("eps", p.eps);
  io.number("best", p.best);
  io.count("patience", p.patience);
  io.count("cooldown", p.cooldown);
  io.count("bad_count", p.bad_count);
  io.count("cooldown_left", p.cooldown_left);
  io.flag("maximizes", p.maximizes);
  io.flag("is_absolute", p.is_absolute);
  io.check([&] { check_plateau(p); });
};

constexpr auto loss_scaler_members = [](auto& io, auto& s) {
  io.number("scale", s.scale);
  io.number("growth_factor", s.growth_factor);
  io.number("backoff_factor", s.backoff_factor);
  io.count("growth_interval", s.growth_interval);
  io.count("steps_in_a_row", s.steps_in_a_row);
  io.check([&] { check_loss_scaler(s); });
};

constexpr auto group_members = [](auto& io, auto& g) {
  io.text("name", g.name);
  io.rule_name("rule", g.settings.rule);
  io.hyperparameters("hyperparameters", g.settings.rule);
  io.number("lr_scale", g.settings.lr_scale);
  io.require("lr_scale", g.settings.lr_scale >= 0 && std::isfinite(g.settings.lr_scale),
             "is not a finite number from 0 on");
  io.number_unless("max_norm", 0, g.settings.max_norm);
  io.require("max_norm", !std::isnan(g.settings.max_norm) && g.settings.max_norm >= 0,
             "is neither 0 nor above 0");
  io.schedule("schedule", g.settings.schedule);
  io.optional("plateau", g.plateau, plateau_members);
  io.require("plateau", !g.plateau || g.plateau->lr == base_lr(g.settings.rule),
             "lr is not the rule's");
  io.check([&] { check_settings(g.settings); });
};

/// Flat, or whole matrices.
bool is_shape(const tensor_shape& s) {
  if (s.rows == 0 || s.columns == 0) return s.rows == s.columns;
  return s.rows <= UINT64_MAX / s.columns && s.count % (s.rows * s.columns) == 0;
}

constexpr auto tensor_members = [](auto& io, auto& t) {
  io.text("name", t.name);
  io.text("group", t.group);
  io.count("count", t.count);
  io.step_count("step_count", t.step_count);
  io.step_count("accumulate_count", t.accumulate_count);
  io.flag("is_frozen", t.is_frozen);
  io.array_types("arrays", t.arrays);
  const auto is_array = [&](std::string_view name) { return t.find(name) != nullptr; };
  io.texts_if_any("fresh_slots", t.fresh_slots, is_array, "is no array of the tensor");
  io.count_if_any("rows", t.rows);
  io.count_if_any("columns", t.columns);
  io.require_or_absent("columns", is_shape(t.shape()), "do not divide the count with the rows");
  io.numbers_if_any("scalars", t.scalars);
  // A file of version 0.1 has averages over all steps.
  io.step_count_unless("average_count", is_array("average") ? t.step_count : 0, t.average_count);
};

constexpr auto rule_members = [](auto& io, auto& r) {
  io.text("name", r.name);
  io.numbers_if_any("scalars", r.scalars);
};

constexpr auto state_members = [](auto& io, auto& s) {
  io.format("format", state_format);
  io.step_count("step_count", s.step_count);
  io.step_count("skipped_count", s.skipped_count);
  io.number("grad_norm", s.grad_norm);
  io.require("grad_norm", !(s.grad_norm < 0), "is below 0");
  io.optional("loss_scaler", s.loss_scaler, loss_scaler_members);
  io.named_list("groups", s.groups, group_members);
  io.named_list("tensors", s.tensors, tensor_members);
  io.named_list_if_any("rules", s.rules, rule_members);
};

// The state, its list of groups, and a group are around a schedule.
constexpr std::size_t deepest = 3 + schedule_json_depth;

}  // namespace

const saved_array_type* saved_tensor::find(std::string_view array_name) const {
  const auto found = std::find_if(arrays.begin(), arrays.end(),
                                  [&](const saved_array_type& a) { return a.name == array_name; });
  return found == arrays.end() ? nullptr : &*found;
}

std::string write_state(const saved_state& state) {
  const text_environment environment;
  return out_of_line([&] {
    std::string text;
    member_writer::write(text, state, state_members);
    return text;
  });
}

saved_state read_state(std::string_view text) {
  const text_environment environment;
  return out_of_line([&] {
    const json_tree tree(text, deepest, "the optimizer's state");
    return member_reader::read<saved_state>(json_place(tree.root()), state_members);
  });
}

}  // namespace gradstep::internal

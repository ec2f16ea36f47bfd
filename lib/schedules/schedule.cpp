// SPDX-License-Identifier: Apache-2.0
#include "schedules/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/failure.hpp"
#include "base/float_environment.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "catalogue/value_check.hpp"

namespace gradstep::internal {
namespace {

void check_length(std::size_t index, std::uint64_t length) {
  if (length >= 1 && length <= static_cast<std::uint64_t>(last_step)) return;
  throw failure(GRADSTEP_OUT_OF_RANGE, "lengths[" + std::to_string(index) + "] = " +
                                           std::to_string(length) + " is outside [1, 2^53]");
}

/// NaN, where nothing is set, equals itself.
bool is_same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

}  // namespace

const schedule_entry& find_schedule_or_fail(const std::string& name) {
  if (const auto* found = find_schedule(name)) return *found;
  const auto name_at = [](const void*, std::size_t i) { return schedule_catalogue()[i].name; };
  const auto nearest = suggest_names(name.c_str(), schedule_catalogue().size(), name_at, nullptr);
  throw failure(GRADSTEP_UNKNOWN_NAME, "schedule_name = " + std::string(quoted(name.c_str()).text) +
                                           " is no schedule; known and nearest: " + nearest.text);
}

schedule::schedule(const std::string& name) : entry_(&find_schedule_or_fail(name)) {
  std::transform(entry_->parameters.begin(), entry_->parameters.end(), values_.begin(),
                 [](const hyperparameter& p) { return p.default_value; });
}

schedule schedule::sequence(std::vector<schedule> parts, std::span<const std::uint64_t> lengths) {
  if (parts.empty()) throw failure(GRADSTEP_OUT_OF_RANGE, "count = 0: a sequence has a part");
  if (parts.size() != lengths.size()) {
    throw failure(GRADSTEP_INVALID_ARGUMENT, "lengths are " + std::to_string(lengths.size()) +
                                                 ", parts " + std::to_string(parts.size()));
  }
  for (std::size_t i = 0; i + 1 < lengths.size(); ++i) check_length(i, lengths[i]);
  schedule result;
  result.parts_ = std::move(parts);
  result.lengths_.assign(lengths.begin(), lengths.end());
  result.lengths_.back() = 0;
  if (result.depth() > max_depth) {
    throw failure(GRADSTEP_INVALID_ARGUMENT,
                  "parts are sequences within sequences to a depth of more than " +
                      std::to_string(max_depth));
  }
  return result;
}

std::span<const hyperparameter> schedule::parameters() const noexcept {
  return is_sequence() ? std::span<const hyperparameter>() : entry_->parameters;
}

std::size_t schedule::depth() const noexcept {
  std::size_t deepest = 0;
  for (const schedule& part : parts_) deepest = std::max(deepest, part.depth());
  return deepest + (is_sequence() ? 1 : 0);
}

std::size_t schedule::find_or_fail(const std::string& name) const {
  const auto all = parameters();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& p) { return p.name == name; });
  if (found != all.end()) return static_cast<std::size_t>(found - all.begin());
  const std::string what =
      "name = " + std::string(quoted(name.c_str()).text) + " is no parameter of " + this->name();
  if (all.empty()) throw failure(GRADSTEP_UNKNOWN_NAME, what + ", which has none");
  const auto name_at = [](const void* source, std::size_t i) {
    return static_cast<const hyperparameter*>(source)[i].name;
  };
  const auto nearest = suggest_names(name.c_str(), all.size(), name_at, all.data());
  throw failure(GRADSTEP_UNKNOWN_NAME, what + "; known and nearest: " + nearest.text);
}

double schedule::get(const std::string& name) const {
  const std::size_t index = find_or_fail(name);
  if (parameters()[index].kind == value_kind::list) {
    throw failure(GRADSTEP_INVALID_ARGUMENT, name + " is a list, not a number");
  }
  return values_[index];
}

void schedule::set(const std::string& name, double value) {
  const std::size_t index = find_or_fail(name);
  const hyperparameter& parameter = parameters()[index];
  if (parameter.kind == value_kind::list) {
    throw failure(GRADSTEP_INVALID_ARGUMENT, name + " is a list: set it as a list");
  }
  check_value(parameter, value);
  values_[index] = value;
}

void schedule::set_list(const std::string& name, std::span<const double> numbers) {
  const std::size_t index = find_or_fail(name);
  const hyperparameter& parameter = parameters()[index];
  if (parameter.kind != value_kind::list) {
    throw failure(GRADSTEP_INVALID_ARGUMENT, name + " is a number, not a list");
  }
  if (numbers.size() > max_list_length) {
    throw failure(GRADSTEP_OUT_OF_RANGE, "count = " + std::to_string(numbers.size()) +
                                             " is more than " + std::to_string(max_list_length));
  }
  const auto name_of = [&](std::size_t i) {
    return std::string(parameter.name) + "[" + std::to_string(i) + "]";
  };
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    check_value(parameter, name_of(i).c_str(), numbers[i]);
    if (i > 0 && numbers[i] < numbers[i - 1]) {
      throw failure(GRADSTEP_INVALID_ARGUMENT, name_of(i) + " = " + to_text(numbers[i]).text +
                                                   " is less than the number before it, " +
                                                   to_text(numbers[i - 1]).text);
    }
  }
  list_.assign(numbers.begin(), numbers.end());
  values_[index] = static_cast<double>(numbers.size());
}

void schedule::check() const {
  const auto all = parameters();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!std::isnan(values_[i])) continue;
    throw failure(GRADSTEP_INVALID_ARGUMENT,
                  std::string(name()) + ": " + all[i].name + " has no default and is not set");
  }
  for (const schedule& part : parts_) part.check();
  if (is_sequence()) return;
  if (const char* conflict = entry_->conflict(values())) {
    throw failure(GRADSTEP_INVALID_ARGUMENT, std::string(name()) + ": " + conflict);
  }
}

/// The part of a sequence that t falls into; t becomes the part's own.
const schedule& schedule::part_at(double& t) const noexcept {
  std::size_t i = 0;
  for (; i + 1 < parts_.size() && t >= static_cast<double>(lengths_[i]); ++i) {
    t -= static_cast<double>(lengths_[i]);
  }
  return parts_[i];
}

double schedule::formula(double base, double t) const noexcept {
  return std::clamp(entry_->lr(values(), base, t), 0.0, std::numeric_limits<double>::max());
}

double schedule::warmup_steps() const noexcept {
  return entry_->warmup_steps == no_parameter ? 0 : values_[entry_->warmup_steps];
}

[[gnu::noinline]] double schedule::lr_of_part(double base, double t) const noexcept {
  if (is_sequence()) {
    const schedule& part = part_at(t);
    return part.lr_of_part(base, t);
  }
  const double warmup = warmup_steps();
  if (t >= warmup) return formula(base, t - warmup);
  return std::lerp(values_[entry_->warmup_begin_lr], formula(base, 0), t / warmup);
}

[[gnu::noinline]] double schedule::momentum_of_part(double t) const noexcept {
  if (is_sequence()) {
    const schedule& part = part_at(t);
    return part.momentum_of_part(t);
  }
  if (entry_->momentum == nullptr) return std::numeric_limits<double>::quiet_NaN();
  return entry_->momentum(values(), std::max(t - warmup_steps(), 0.0));
}

double schedule::lr(double base, double t) const noexcept {
  const float_environment environment(false);
  return lr_of_part(base, t);
}

double schedule::momentum(double t) const noexcept {
  const float_environment environment(false);
  return momentum_of_part(t);
}

bool schedule::drives_momentum() const noexcept {
  if (is_sequence()) {
    return std::any_of(parts_.begin(), parts_.end(),
                       [](const schedule& part) { return part.drives_momentum(); });
  }
  return !std::isnan(momentum(0));
}

bool schedule::operator==(const schedule& other) const noexcept {
  return entry_ == other.entry_ &&
         std::equal(values_.begin(), values_.end(), other.values_.begin(), is_same) &&
         list_ == other.list_ && lengths_ == other.lengths_ && parts_ == other.parts_;
}

}  // namespace gradstep::internal

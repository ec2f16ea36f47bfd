// SPDX-License-Identifier: Apache-2.0
#include "schedules/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/failure.hpp"
#include "base/float_environment.hpp"
#include "base/text.hpp"
#include "catalogue/catalogue.hpp"
#include "catalogue/value_check.hpp"
#include "schedules/schedule_formula.hpp"

namespace gradstep::internal {
namespace {

constexpr definition sequence_info{schedules::words, "sequence", "", "", "", {}};

void check_length(std::size_t index, std::uint64_t length) {
  if (length >= 1 && length <= static_cast<std::uint64_t>(last_step)) return;
  refuse(GRADSTEP_OUT_OF_RANGE, "lengths[%zu] = %llu is outside [1, 2^53]", index,
         static_cast<unsigned long long>(length));
}

void check_list(const hyperparameter& h, std::span<const double> numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    char name[128];
    std::snprintf(name, sizeof name, "%s[%zu]", h.name, i);
    check_value(name, numbers[i], h.bounds);
    if (i > 0 && numbers[i] < numbers[i - 1]) {
      refuse(GRADSTEP_INVALID_ARGUMENT, "%s = %s is less than the number before it, %s", name,
             to_text(numbers[i]).text, to_text(numbers[i - 1]).text);
    }
  }
}

/// A NaN, the value of what is not set, is the same as a NaN.
bool is_same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

}  // namespace

schedule::schedule(const schedule_entry& entry) noexcept : entry_(&entry) {
  set_defaults(*entry.info, values_.data());
}

schedule::schedule(const std::string& name)
    : schedule(find_entry_or_refuse(schedule_catalogue(), name.c_str())) {}

schedule schedule::sequence(std::vector<schedule> parts, std::span<const std::uint64_t> lengths) {
  if (parts.empty()) refuse(GRADSTEP_OUT_OF_RANGE, "count = 0: a sequence has a part");
  if (parts.size() != lengths.size()) {
    refuse(GRADSTEP_INVALID_ARGUMENT, "lengths are %zu, parts %zu", lengths.size(), parts.size());
  }
  for (std::size_t i = 0; i + 1 < lengths.size(); ++i) check_length(i, lengths[i]);
  schedule result;
  result.parts_ = std::move(parts);
  result.lengths_.assign(lengths.begin(), lengths.end());
  result.lengths_.back() = 0;
  if (result.depth() > max_depth) {
    refuse(GRADSTEP_INVALID_ARGUMENT,
           "parts are sequences within sequences to a depth of more than %zu", max_depth);
  }
  return result;
}

const definition& schedule::info() const noexcept {
  return is_sequence() ? sequence_info : *entry_->info;
}

std::size_t schedule::depth() const noexcept {
  std::size_t deepest = 0;
  for (const schedule& part : parts_) deepest = std::max(deepest, part.depth());
  return deepest + (is_sequence() ? 1 : 0);
}

double schedule::get(std::size_t index) const { return get_value(info(), index, values_.data()); }

void schedule::set(std::size_t index, double value) {
  set_value(info(), index, value, values_.data());
}

void schedule::set_list(std::size_t index, std::span<const double> numbers) {
  const hyperparameter& h = info().hyperparameters[index];
  if (h.bounds.kind != value_kind::list) {
    refuse(GRADSTEP_INVALID_ARGUMENT, "%s is a number, not a list", h.name);
  }
  if (numbers.size() > max_list_length) {
    refuse(GRADSTEP_OUT_OF_RANGE, "count = %zu is more than %zu", numbers.size(), max_list_length);
  }
  check_list(h, numbers);
  list_.assign(numbers.begin(), numbers.end());
  values_[index] = static_cast<double>(numbers.size());
}

void schedule::check() const {
  const auto all = info().hyperparameters;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!std::isnan(values_[i])) continue;
    refuse(GRADSTEP_INVALID_ARGUMENT, "%s: %s has no default and is not set", name(), all[i].name);
  }
  for (const schedule& part : parts_) part.check();
  if (!is_sequence()) check_conflict(*entry_, values());
}

/// The part of a sequence at t. Changes t to the number of steps since that part began.
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
  return entry_->warmup_steps == no_index ? 0 : values_[entry_->warmup_steps];
}

double schedule::lr_of_part(double base, double t) const noexcept {
  if (is_sequence()) {
    const schedule& part = part_at(t);
    return part.lr_of_part(base, t);
  }
  const double warmup = warmup_steps();
  if (t >= warmup) return formula(base, t - warmup);
  return std::lerp(values_[entry_->warmup_begin_lr], formula(base, 0), t / warmup);
}

double schedule::momentum_of_part(double t) const noexcept {
  if (is_sequence()) {
    const schedule& part = part_at(t);
    return part.momentum_of_part(t);
  }
  if (entry_->momentum == nullptr) return std::numeric_limits<double>::quiet_NaN();
  return entry_->momentum(values(), std::max(t - warmup_steps(), 0.0));
}

double schedule::lr(double base, double t) const noexcept {
  return in_step_environment(false, [&] { return lr_of_part(base, t); });
}

double schedule::momentum(double t) const noexcept {
  return in_step_environment(false, [&] { return momentum_of_part(t); });
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

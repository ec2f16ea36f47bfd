// SPDX-License-Identifier: Apache-2.0
//
// Setting up an optimizer: its groups, its tensors, and what can be changed between two steps.
// Every call here has the gate's use::all.
#pragma once

#include <optional>
#include <string_view>

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// Adds a group and returns its index. No group has the name; the settings have passed
/// check_settings.
std::size_t add_group(optimizer& o, std::string_view name, group_settings&& settings);

enum class slot_owner { library, caller };

/// Adds a tensor and returns its index. No tensor has the name; the tensor suits the group's rule.
/// slot_owner::library: its slots are absent, and the library allocates them.
std::size_t add_tensor(optimizer& o, std::size_t group, std::string_view name, const tensor& given,
                       slot_owner owner);

/// Gives the group other settings with the same rule, which have passed check_settings. Allocates
/// slots that the group did not use before. The lr of the group's plateau becomes the rule's.
void change_group(optimizer& o, std::size_t group, group_settings&& settings);

/// Sets the group's plateau, and the lr of its rule to the plateau's. No value: the group has no
/// plateau from now on.
void set_plateau(optimizer& o, std::size_t group,
                 const std::optional<internal::plateau>& plateau) noexcept;

/// Reports a metric to every plateau. Returns how many of them lowered their lr.
std::size_t report_metric(optimizer& o, double metric) noexcept;

/// Sets the norm by which the group is clipped alone; 0: none.
void set_max_norm(optimizer& o, std::size_t group, double max_norm) noexcept;

void set_loss_scaler(optimizer& o, const std::optional<internal::loss_scaler>& scaler) noexcept;
void set_frozen(optimizer& o, std::size_t tensor, bool is_frozen) noexcept;

}  // namespace gradstep::internal

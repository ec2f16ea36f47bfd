// SPDX-License-Identifier: Apache-2.0
//
// Setting up an optimizer: its groups, its tensors, and what can be changed between two steps.
// Every call here has the gate's use::all.
#pragma once

#include <optional>
#include <string_view>

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// No group has the name. The settings have passed check_settings. Gives the group's index.
std::size_t add_group(optimizer& o, std::string_view name, group_settings&& settings);

enum class slot_owner { library, caller };

/// No tensor has the name. The tensor suits the group's rule. slot_owner::library: its slots are
/// absent, and the library allocates them. Gives the tensor's index.
std::size_t add_tensor(optimizer& o, std::size_t group, std::string_view name, const tensor& given,
                       slot_owner owner);

/// New settings with the same rule, which have passed check_settings. Slots that the group did not
/// use before are allocated. A plateau of the group takes over the rule's lr.
void change_group(optimizer& o, std::size_t group, group_settings&& settings);

/// The plateau's lr becomes the rule's. Without a value the group has none from now on.
void set_plateau(optimizer& o, std::size_t group,
                 const std::optional<internal::plateau>& plateau) noexcept;

/// Reports a metric to every plateau. Gives how many of them lowered their lr.
std::size_t report_metric(optimizer& o, double metric) noexcept;

void set_loss_scaler(optimizer& o, const std::optional<internal::loss_scaler>& scaler) noexcept;
void set_frozen(optimizer& o, std::size_t tensor, bool is_frozen) noexcept;

}  // namespace gradstep::internal

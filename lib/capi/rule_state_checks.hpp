// SPDX-License-Identifier: Apache-2.0
//
// Validation of what a rule keeps beside slots: scalars, and the workspace of its passes.
#pragma once

#include <string_view>

#include "capi/handles.hpp"
#include "capi/tensor_array_checks.hpp"
#include "capi/tensor_reading.hpp"

namespace gradstep::internal {

/// Checks `scalars` and `scalar_count` of a tensor or of the options. prefix: of the sentence, as
/// in "options". count: the scalars that the rule has there. may_be_null: the library then owns
/// them.
gradstep_status check_scalars(const char* prefix, const double* scalars, std::size_t scalar_count,
                              const rule_info& rule, std::size_t count, bool may_be_null) noexcept;

/// UNSUPPORTED for a piece of a tensor under a rule that sums over the tensor.
gradstep_status check_is_whole(tensor_label label, const rule_entry& rule,
                               const gradstep_tensor& t) noexcept;

/// INVALID_ARGUMENT for two tensors of a list that share their scalars. Lists of more than 1024
/// tensors are only checked if the pointers ascend or descend.
gradstep_status check_scalars_differ(const rule_info& rule, const given_list& list) noexcept;

/// WRONG_ORDER unless the rule's mode is `mode` for the tensor. call: that needs it.
gradstep_status check_mode(tensor_label label, const rule_info& rule, const gradstep_tensor& t,
                           double mode, const char* call) noexcept;
/// The same for every tensor of a list.
gradstep_status check_modes(const rule_info& rule, const given_list& list, double mode,
                            const char* call) noexcept;

/// Whether the fields that set the workspace of the options suffice for `bytes`; 0: none is needed.
gradstep_status check_workspace(const gradstep_apply_options& options, std::size_t bytes) noexcept;

/// index becomes that of the rule's scalar of that name. UNKNOWN_NAME.
gradstep_status find_scalar(const rule_info& rule, const char* name, std::size_t& index) noexcept;

/// The index of a rule's transform by its name; no_index: it has none of that name.
std::size_t transform_index(const rule_info& rule, std::string_view name) noexcept;
/// The same. INVALID_ARGUMENT for NULL, UNKNOWN_NAME.
gradstep_status find_transform(const rule_info& rule, const char* name,
                               std::size_t& index) noexcept;

}  // namespace gradstep::internal

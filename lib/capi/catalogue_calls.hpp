// SPDX-License-Identifier: Apache-2.0
//
// What the calls on rules and on schedules share: they turn the caller's names into entries of a
// catalogue and indices of hyper-parameters. Reporting an unknown name needs no memory.
#pragma once

#include "capi/structs.hpp"
#include "catalogue/catalogue.hpp"

namespace gradstep::internal {

/// INVALID_ARGUMENT for NULL and for values that do not go together.
gradstep_status check_rule(const gradstep_rule* rule) noexcept;

/// OUT_OF_RANGE unless index < count. The sentence says that `owner` has `count` `thing`s.
gradstep_status check_index(std::size_t index, std::size_t count, const char* owner,
                            const char* thing) noexcept;

/// Fills `output` with the index-th hyper-parameter. OUT_OF_RANGE.
gradstep_status describe_hyperparameter(const definition& info, std::size_t index,
                                        gradstep_hyperparameter_info* output) noexcept;

/// Calls body(the index of the hyper-parameter of that name). The body may throw. INVALID_ARGUMENT
/// for NULL, UNKNOWN_NAME.
template <class Body>
gradstep_status with_hyperparameter(const definition& info, const char* name,
                                    const Body& body) noexcept {
  if (name == nullptr) return fail_as_null("name");
  const std::size_t index = find_hyperparameter(info, name);
  if (index == no_index) {
    return fail(GRADSTEP_UNKNOWN_NAME, "%s", unknown_hyperparameter(info, name).text);
  }
  return guarded([&] {
    body(index);
    return GRADSTEP_OK;
  });
}

/// The name of the index-th entry; NULL past the end.
template <class Entry>
const char* name_of_entry(std::span<const Entry> catalogue, std::size_t index) noexcept {
  return index < catalogue.size() ? catalogue[index].info->name : nullptr;
}

/// Calls body(the entry of that name), which returns a status and must not throw. INVALID_ARGUMENT
/// for NULL, UNKNOWN_NAME.
template <class Entry, class Body>
gradstep_status with_entry(std::span<const Entry> catalogue, const char* name,
                           const Body& body) noexcept {
  if (name == nullptr) {
    return fail(GRADSTEP_INVALID_ARGUMENT, "%s_name is NULL", catalogue.front().info->words.entry);
  }
  if (const Entry* found = find_entry(catalogue, name)) return body(*found);
  return fail(GRADSTEP_UNKNOWN_NAME, "%s", unknown_entry(catalogue, name).text);
}

/// Calls describe(the info of the entry of that name), which fills `output` and returns a status.
template <class Entry, class Output, class Describe>
gradstep_status describe_entry(std::span<const Entry> catalogue, const char* name,
                               const Output* output, const Describe& describe) noexcept {
  return with_entry(catalogue, name, [&](const Entry& entry) {
    const auto status = check_output_struct(output, "info");
    return status == GRADSTEP_OK ? describe(*entry.info) : status;
  });
}

}  // namespace gradstep::internal

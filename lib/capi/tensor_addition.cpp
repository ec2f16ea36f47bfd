// SPDX-License-Identifier: Apache-2.0
#include "capi/tensor_addition.hpp"

#include "capi/entry_names.hpp"
#include "capi/optimizer_calls.hpp"
#include "capi/tensor_checks.hpp"
#include "capi/tensor_reading.hpp"
#include "optimizer/setup.hpp"

namespace gradstep::internal {

gradstep_status check_place(const optimizer& o, std::size_t group, const char* name) {
  if (const auto s = check_group(o, group); s != GRADSTEP_OK) return s;
  check_entry_name("name", name);
  return check_name_is_free("name", name, o.table.names, "tensor");
}

gradstep_status add_checked(optimizer& o, std::size_t group, const char* name,
                            const gradstep_tensor& given, tensor_label label, std::size_t* index) {
  const group_settings& settings = o.groups[group].settings;
  const std::uint32_t used_slots = settings.used_slots({given.count, given.rows, given.columns});
  if (const auto s = check_added_tensor(*settings.rule.entry, used_slots, given, label);
      s != GRADSTEP_OK) {
    return s;
  }
  tensor read{};
  const auto owner = given.slots == nullptr ? slot_owner::library : slot_owner::caller;
  read_tensor(given, owner == slot_owner::caller ? UINT32_MAX : 0, read);
  if (read.count == 0) forget_extras(read);
  const std::size_t added = add_tensor(o, group, name, read, owner);
  if (index != nullptr) *index = added;
  return GRADSTEP_OK;
}

}  // namespace gradstep::internal

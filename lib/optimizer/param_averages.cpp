// SPDX-License-Identifier: Apache-2.0
#include "optimizer/param_averages.hpp"

#include <mutex>

#include "base/failure.hpp"
#include "step/array_conversion.hpp"

namespace gradstep::internal {
namespace {

/// Calls use(index) for the tensor, or for all that have an average.
template <class Use>
void for_each_average(const optimizer& o, std::size_t tensor, const Use& use) {
  const auto has_average = [&](std::size_t i) {
    return o.table.tensors[i].average.data != nullptr;
  };
  if (tensor != all_tensors) {
    if (has_average(tensor)) return use(tensor);
    refuse(GRADSTEP_UNSUPPORTED, "tensor %zu, %s, has no average", tensor,
           o.table.records[tensor].quoted_name().text);
  }
  for_each_tensor(o, [&](std::size_t i) {
    if (has_average(i)) use(i);
  });
}

}  // namespace

void start_average(optimizer& o, std::size_t tensor) {
  for_each_average(o, tensor, [&](std::size_t i) {
    const internal::tensor& t = o.table.tensors[i];
    convert_array(o.context, t.param, t.average, shape_of(t));
  });
  set_average_count(o, tensor, 1);
}

void set_average_count(optimizer& o, std::size_t tensor, std::uint64_t count) {
  const std::lock_guard held(o.gate);
  for_each_average(o, tensor, [&](std::size_t i) { o.table.records[i].average_count = count; });
}

}  // namespace gradstep::internal

// SPDX-License-Identifier: Apache-2.0
//
// Saving and loading optimizers.
#include "capi/optimizer_calls.hpp"
#include "checkpoint/load.hpp"
#include "checkpoint/save.hpp"
#include "threads/uncancelled.hpp"

namespace gradstep::internal {
namespace {

gradstep_status check_path(const char* path) {
  if (path == nullptr) return fail_as_null("path");
  if (*path == '\0') return fail(GRADSTEP_INVALID_ARGUMENT, "path is empty");
  return GRADSTEP_OK;
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_optimizer_save(const gradstep_optimizer* optimizer, const char* path,
                                        uint64_t flags) {
  [[maybe_unused]] const uncancelled scope;
  return save_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_path(path); s != GRADSTEP_OK) return s;
    if (const auto s = check_known_flags("flags", flags, GRADSTEP_CHECKPOINT_PARAMS);
        s != GRADSTEP_OK)
      return s;
    save_checkpoint(o, path, (flags & GRADSTEP_CHECKPOINT_PARAMS) != 0);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_load(gradstep_optimizer* optimizer, const char* path,
                                        uint64_t flags, gradstep_load_result* result) {
  [[maybe_unused]] const uncancelled scope;
  return change_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_path(path); s != GRADSTEP_OK) return s;
    constexpr std::uint64_t known = GRADSTEP_CHECKPOINT_PARAMS | GRADSTEP_CHECKPOINT_PARTIAL |
                                    GRADSTEP_CHECKPOINT_KEEP_SETTINGS;
    if (const auto s = check_known_flags("flags", flags, known); s != GRADSTEP_OK) return s;
    if (result != nullptr) {
      if (const auto s = check_output_struct(result, "result"); s != GRADSTEP_OK) return s;
    }
    const load_counts counts =
        load_checkpoint(o, path,
                        {.loads_params = (flags & GRADSTEP_CHECKPOINT_PARAMS) != 0,
                         .is_partial = (flags & GRADSTEP_CHECKPOINT_PARTIAL) != 0,
                         .keeps_settings = (flags & GRADSTEP_CHECKPOINT_KEEP_SETTINGS) != 0});
    if (result != nullptr) fill_output(result, {0, counts.loaded, counts.missing, counts.extra});
    return GRADSTEP_OK;
  });
}

}  // extern "C"

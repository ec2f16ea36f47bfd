// SPDX-License-Identifier: Apache-2.0
//
// Saving and loading optimizers.
#include <memory>

#include "capi/optimizer_calls.hpp"
#include "checkpoint/load.hpp"
#include "checkpoint/save.hpp"
#include "optimizer/overlaps.hpp"
#include "threads/uncancelled.hpp"

namespace gradstep::internal {
namespace {

constexpr std::uint64_t load_flags =
    GRADSTEP_CHECKPOINT_PARAMS | GRADSTEP_CHECKPOINT_PARTIAL | GRADSTEP_CHECKPOINT_KEEP_SETTINGS |
    GRADSTEP_CHECKPOINT_ANY_GROUP | GRADSTEP_CHECKPOINT_START_MISSING;

/// name: of the argument or field.
gradstep_status check_path(const char* name, const char* path) {
  if (path == nullptr) return fail_as_null(name);
  if (*path == '\0') return fail(GRADSTEP_INVALID_ARGUMENT, "%s is empty", name);
  return GRADSTEP_OK;
}

/// Checks which of path, a function and memory are set: at most one, with what belongs to it.
/// function: "write" or "read".
template <class Options>
gradstep_status check_places(const Options& options, const char* function, bool has_function) {
  const bool has_path = options.path != nullptr, has_memory = options.memory != nullptr;
  if (int{has_path} + int{has_function} + int{has_memory} > 1) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "options has%s%s%s%s: only one of path, %s and memory is allowed",
                has_path ? " path," : "", has_function ? " " : "", has_function ? function : "",
                has_memory ? " and memory" : "", function);
  }
  if (has_path && *options.path == '\0') return check_path("options.path", options.path);
  if (!has_function && options.stream != nullptr) {
    return fail(GRADSTEP_INVALID_ARGUMENT, "options.stream is set without options.%s", function);
  }
  if (!has_memory && options.memory_size != 0) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "options.memory_size = %zu is set without options.memory", options.memory_size);
  }
  return GRADSTEP_OK;
}

/// nullptr: the caller only asks for the size.
std::unique_ptr<byte_sink> sink_of(const gradstep_save_options& options) {
  if (options.path != nullptr) return std::make_unique<file_sink>(options.path);
  if (options.write != nullptr) return std::make_unique<stream_sink>(options.write, options.stream);
  if (options.memory == nullptr) return nullptr;
  return std::make_unique<memory_sink>(options.memory, options.memory_size);
}

std::unique_ptr<byte_source> source_of(const gradstep_load_options& options) {
  if (options.path != nullptr) return std::make_unique<file_source>(options.path);
  if (options.read == nullptr) {
    return std::make_unique<memory_source>(options.memory, options.memory_size);
  }
  return std::make_unique<stream_source>(options.read, options.stream, options.stream_size);
}

gradstep_status check_save_options(const gradstep_save_options& options, const uint64_t* size) {
  if (const auto s = check_known_flags("options.flags", options.flags, GRADSTEP_CHECKPOINT_PARAMS);
      s != GRADSTEP_OK) {
    return s;
  }
  if (const auto s = check_places(options, "write", options.write != nullptr); s != GRADSTEP_OK) {
    return s;
  }
  const bool has_place =
      options.path != nullptr || options.write != nullptr || options.memory != nullptr;
  if (has_place || size != nullptr) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "size is NULL, which needs one of options.path, options.write and options.memory");
}

gradstep_status check_load_options(const gradstep_load_options& options) {
  if (const auto s = check_known_flags("options.flags", options.flags, load_flags);
      s != GRADSTEP_OK) {
    return s;
  }
  if (const auto s = check_places(options, "read", options.read != nullptr); s != GRADSTEP_OK) {
    return s;
  }
  if (options.read == nullptr && options.stream_size != 0) {
    return fail(GRADSTEP_INVALID_ARGUMENT, "options.stream_size = %llu is set without options.read",
                static_cast<unsigned long long>(options.stream_size));
  }
  if (options.path != nullptr || options.read != nullptr || options.memory != nullptr) {
    return GRADSTEP_OK;
  }
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "options has none of path, read and memory: one of them is needed");
}

gradstep_status check_result(const gradstep_load_result* result) {
  return result == nullptr ? GRADSTEP_OK : check_output_struct(result, "result");
}

/// The arguments are checked.
gradstep_status load(optimizer& o, const gradstep_load_options& options,
                     gradstep_load_result* result) {
  const auto text = [](const char* prefix) { return prefix == nullptr ? "" : prefix; };
  const load_counts counts =
      load_checkpoint(o, source_of(options),
                      {.loads_params = has(options, GRADSTEP_CHECKPOINT_PARAMS),
                       .is_partial = has(options, GRADSTEP_CHECKPOINT_PARTIAL),
                       .keeps_settings = has(options, GRADSTEP_CHECKPOINT_KEEP_SETTINGS),
                       .has_any_group = has(options, GRADSTEP_CHECKPOINT_ANY_GROUP),
                       .starts_missing = has(options, GRADSTEP_CHECKPOINT_START_MISSING),
                       .file_prefix = text(options.file_prefix),
                       .prefix = text(options.prefix)});
  if (result != nullptr) fill_output(result, {0, counts.loaded, counts.missing, counts.extra});
  return GRADSTEP_OK;
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_optimizer_save_to(const gradstep_optimizer* optimizer,
                                           const gradstep_save_options* options, uint64_t* size) {
  [[maybe_unused]] const uncancelled scope;
  return save_between_steps(optimizer, [&](auto& o) {
    input_struct<gradstep_save_options> given;
    if (const auto s = given.read(options, "options"); s != GRADSTEP_OK) return s;
    if (const auto s = check_save_options(*given, size); s != GRADSTEP_OK) return s;
    if (given->memory != nullptr) {
      check_apart(o, "options.memory", given->memory, given->memory_size);
    }
    const auto sink = sink_of(*given);
    const std::uint64_t bytes =
        save_checkpoint(o, sink.get(), has(*given, GRADSTEP_CHECKPOINT_PARAMS));
    if (size != nullptr) *size = bytes;
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_save(const gradstep_optimizer* optimizer, const char* path,
                                        uint64_t flags) {
  [[maybe_unused]] const uncancelled scope;
  return save_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_path("path", path); s != GRADSTEP_OK) return s;
    if (const auto s = check_known_flags("flags", flags, GRADSTEP_CHECKPOINT_PARAMS);
        s != GRADSTEP_OK)
      return s;
    file_sink sink(path);
    save_checkpoint(o, &sink, (flags & GRADSTEP_CHECKPOINT_PARAMS) != 0);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_load_from(gradstep_optimizer* optimizer,
                                             const gradstep_load_options* options,
                                             gradstep_load_result* result) {
  [[maybe_unused]] const uncancelled scope;
  return change_between_steps(optimizer, [&](auto& o) {
    input_struct<gradstep_load_options> given;
    if (const auto s = given.read(options, "options"); s != GRADSTEP_OK) return s;
    if (const auto s = check_load_options(*given); s != GRADSTEP_OK) return s;
    if (const auto s = check_result(result); s != GRADSTEP_OK) return s;
    return load(o, *given, result);
  });
}

gradstep_status gradstep_optimizer_load(gradstep_optimizer* optimizer, const char* path,
                                        uint64_t flags, gradstep_load_result* result) {
  [[maybe_unused]] const uncancelled scope;
  return change_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_path("path", path); s != GRADSTEP_OK) return s;
    if (const auto s = check_known_flags("flags", flags, load_flags); s != GRADSTEP_OK) return s;
    if (const auto s = check_result(result); s != GRADSTEP_OK) return s;
    gradstep_load_options options{};
    options.flags = flags;
    options.path = path;
    return load(o, options, result);
  });
}

}  // extern "C"

// SPDX-License-Identifier: Apache-2.0
//
// Calls by name, for hosts whose next call may run on another thread.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <type_traits>
#include <utility>

#include "base/names.hpp"
#include "base/text.hpp"
#include "capi/error.hpp"
#include "capi/thread_sentence.hpp"

namespace gradstep::internal {
namespace {

// ---- A function that is called with words -------------------------------------------------------

template <class Argument>
Argument from_word(std::uint64_t word) noexcept {
  if constexpr (std::is_pointer_v<Argument>) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): a pointer comes as a number
    return reinterpret_cast<Argument>(static_cast<std::uintptr_t>(word));
  } else if constexpr (std::is_same_v<Argument, double>) {
    return std::bit_cast<double>(word);
  } else {
    static_assert(std::is_integral_v<Argument>);
    return static_cast<Argument>(word);
  }
}

struct named_function {
  const char* name;
  std::size_t argument_count;
  gradstep_status (*call)(const std::uint64_t* words);
};

template <auto Function>
struct call_with_words;

template <class... Arguments, gradstep_status (*Function)(Arguments...)>
struct call_with_words<Function> {
  static constexpr std::size_t argument_count = sizeof...(Arguments);

  static gradstep_status call(const std::uint64_t* words) {
    return call_in_order(words, std::index_sequence_for<Arguments...>());
  }

 private:
  template <std::size_t... Index>
  static gradstep_status call_in_order(const std::uint64_t* words, std::index_sequence<Index...>) {
    return Function(from_word<Arguments>(words[Index])...);
  }
};

// ---- All functions, in the order of the header --------------------------------------------------

#define CALL(function)                                                                          \
  named_function {                                                                              \
#function, call_with_words < function> ::argument_count, call_with_words < function> ::call \
  }

constexpr named_function functions[] = {
    CALL(gradstep_context_create),
    CALL(gradstep_context_describe),
    CALL(gradstep_rule_describe),
    CALL(gradstep_rule_describe_hyperparameter),
    CALL(gradstep_rule_describe_slot),
    CALL(gradstep_rule_describe_scalar),
    CALL(gradstep_rule_create),
    CALL(gradstep_rule_set),
    CALL(gradstep_rule_get),
    CALL(gradstep_rule_check),
    CALL(gradstep_array_read),
    CALL(gradstep_array_write),
    CALL(gradstep_rule_slot_layout),
    CALL(gradstep_apply),
    CALL(gradstep_apply_part),
    CALL(gradstep_apply_arrays),
    CALL(gradstep_workspace_size),
    CALL(gradstep_transform),
    CALL(gradstep_gradient_norm),
    CALL(gradstep_loss_scaler_init),
    CALL(gradstep_loss_scaler_update),
    CALL(gradstep_schedule_describe),
    CALL(gradstep_schedule_describe_hyperparameter),
    CALL(gradstep_schedule_create),
    CALL(gradstep_schedule_create_sequence),
    CALL(gradstep_schedule_set),
    CALL(gradstep_schedule_get),
    CALL(gradstep_schedule_set_list),
    CALL(gradstep_schedule_check),
    CALL(gradstep_schedule_lr),
    CALL(gradstep_schedule_momentum),
    CALL(gradstep_plateau_init),
    CALL(gradstep_plateau_report),
    CALL(gradstep_optimizer_create),
    CALL(gradstep_optimizer_set_options),
    CALL(gradstep_optimizer_add_group),
    CALL(gradstep_optimizer_add_tensor),
    CALL(gradstep_optimizer_add_arrays),
    CALL(gradstep_optimizer_remove_tensor),
    CALL(gradstep_optimizer_remove_group),
    CALL(gradstep_optimizer_move_tensor),
    CALL(gradstep_optimizer_set_param),
    CALL(gradstep_optimizer_find_group),
    CALL(gradstep_optimizer_find_tensor),
    CALL(gradstep_optimizer_set_grad),
    CALL(gradstep_optimizer_set_grads),
    CALL(gradstep_optimizer_set_frozen),
    CALL(gradstep_optimizer_set_hyperparameter),
    CALL(gradstep_optimizer_get_hyperparameter),
    CALL(gradstep_optimizer_set_schedule),
    CALL(gradstep_optimizer_set_plateau),
    CALL(gradstep_optimizer_get_plateau),
    CALL(gradstep_optimizer_report_metric),
    CALL(gradstep_optimizer_set_group_max_norm),
    CALL(gradstep_optimizer_set_loss_scaler),
    CALL(gradstep_optimizer_get_loss_scaler),
    CALL(gradstep_optimizer_transform),
    CALL(gradstep_optimizer_start_average),
    CALL(gradstep_optimizer_set_average_count),
    CALL(gradstep_optimizer_step),
    CALL(gradstep_optimizer_begin_step),
    CALL(gradstep_optimizer_step_tensor),
    CALL(gradstep_optimizer_end_step),
    CALL(gradstep_optimizer_inspect),
    CALL(gradstep_optimizer_accumulate),
    CALL(gradstep_optimizer_describe),
    CALL(gradstep_optimizer_describe_group),
    CALL(gradstep_optimizer_describe_tensor),
    CALL(gradstep_optimizer_get_array),
    CALL(gradstep_optimizer_get_scalar),
    CALL(gradstep_optimizer_set_step_count),
    CALL(gradstep_optimizer_set_tensor_step_count),
    CALL(gradstep_optimizer_export_array),
    CALL(gradstep_optimizer_import_array),
    CALL(gradstep_optimizer_set_scalar),
    CALL(gradstep_optimizer_set_note),
    CALL(gradstep_optimizer_get_note),
    CALL(gradstep_optimizer_note_count),
    CALL(gradstep_optimizer_note_at),
    CALL(gradstep_optimizer_save_to),
    CALL(gradstep_optimizer_save),
    CALL(gradstep_optimizer_load_from),
    CALL(gradstep_optimizer_load),
};

#undef CALL

const named_function* find(const char* name) noexcept {
  const auto* const found =
      std::find_if(std::begin(functions), std::end(functions),
                   [&](const named_function& f) { return std::strcmp(f.name, name) == 0; });
  return found == std::end(functions) ? nullptr : found;
}

const char* name_at(const void*, std::size_t index) { return functions[index].name; }

gradstep_status fail_as_unknown(const char* name) noexcept {
  const auto known = suggest_names(name, std::size(functions), name_at, nullptr);
  return fail(GRADSTEP_UNKNOWN_NAME,
              "function = %s is no function that returns a status; nearest: %s", quoted(name).text,
              known.text);
}

gradstep_status call(const char* name, const std::uint64_t* words, std::size_t count) noexcept {
  if (name == nullptr) return fail_as_null("function");
  const named_function* const function = find(name);
  if (function == nullptr) return fail_as_unknown(name);
  if (count != function->argument_count) {
    return fail(GRADSTEP_INVALID_ARGUMENT, "argument_count = %zu, but %s has %zu arguments", count,
                name, function->argument_count);
  }
  if (words == nullptr) return fail_as_null("arguments");
  return function->call(words);
}

/// Copies a sentence, which is cut if it is too long.
void copy_sentence(const char* text, char* to, std::size_t size) noexcept {
  if (size < smallest_cut_text) text = "";
  const std::size_t length = strnlen(text, size);
  if (length == size) {
    std::memcpy(to, text, size);
    end_cut_text(to, size);
  } else {
    std::memcpy(to, text, length + 1);
  }
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_call(const char* function, const uint64_t* arguments,
                              size_t argument_count, char* sentence_text, size_t sentence_size) {
  if (sentence_text == nullptr && sentence_size != 0) {
    return fail(GRADSTEP_INVALID_ARGUMENT, "sentence is NULL, but sentence_size = %zu",
                sentence_size);
  }
  const gradstep_status status = call(function, arguments, argument_count);
  if (sentence_size != 0) {
    copy_sentence(status == GRADSTEP_OK ? "" : sentence(), sentence_text, sentence_size);
  }
  return status;
}

}  // extern "C"

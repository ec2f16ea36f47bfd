// SPDX-License-Identifier: Apache-2.0
//
// The notes of an optimizer.
#include <iterator>
#include <mutex>

#include "base/names.hpp"
#include "capi/optimizer_calls.hpp"
#include "optimizer/entry_name.hpp"

namespace gradstep::internal {
namespace {

const char* note_name_at(const void* notes, std::size_t index) {
  const auto& all = *static_cast<const note_map*>(notes);
  return std::next(all.begin(), static_cast<std::ptrdiff_t>(index))->first.c_str();
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_optimizer_set_note(gradstep_optimizer* optimizer, const char* name,
                                            const char* text) {
  return change_between_steps(optimizer, [&](auto& o) {
    note_map added, removed;
    if (text != nullptr) {
      check_note(name, text);
      added.emplace(name, text);
    } else {
      check_entry_name("name", name);
    }
    // From here on nothing can fail.
    const std::lock_guard held(o.gate);
    if (const auto old = o.notes.find(name); old != o.notes.end()) {
      removed.insert(o.notes.extract(old));
    }
    o.notes.merge(added);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_get_note(const gradstep_optimizer* optimizer, const char* name,
                                            const char** text) {
  return look(optimizer, [&](auto& o) {
    if (name == nullptr) return fail_as_null("name");
    if (text == nullptr) return fail_as_null("text");
    const auto found = o.notes.find(name);
    if (found != o.notes.end()) {
      *text = found->second.c_str();
      return GRADSTEP_OK;
    }
    const auto nearest = suggest_names(name, o.notes.size(), note_name_at, &o.notes);
    return fail(GRADSTEP_UNKNOWN_NAME, "name = %s is no note; known and nearest: %s",
                quoted(name).text, o.notes.empty() ? "none" : nearest.text);
  });
}

gradstep_status gradstep_optimizer_note_count(const gradstep_optimizer* optimizer, size_t* count) {
  return look(optimizer, [&](auto& o) {
    if (count == nullptr) return fail_as_null("count");
    *count = o.notes.size();
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_note_at(const gradstep_optimizer* optimizer, size_t index,
                                           const char** name, const char** text) {
  return look(optimizer, [&](auto& o) {
    if (name == nullptr) return fail_as_null("name");
    if (index >= o.notes.size()) {
      return fail(GRADSTEP_OUT_OF_RANGE, "index = %zu is past the end: the optimizer has %zu notes",
                  index, o.notes.size());
    }
    const auto note = std::next(o.notes.begin(), static_cast<std::ptrdiff_t>(index));
    *name = note->first.c_str();
    if (text != nullptr) *text = note->second.c_str();
    return GRADSTEP_OK;
  });
}

}  // extern "C"

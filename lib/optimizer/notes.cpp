// SPDX-License-Identifier: Apache-2.0
#include "optimizer/notes.hpp"

#include <cstring>

#include "base/failure.hpp"
#include "optimizer/entry_name.hpp"

namespace gradstep::internal {

void check_note(const char* name, const char* text) {
  check_entry_name("name", name);
  const std::size_t length = strnlen(text, longest_note + 1);
  if (length > longest_note) {
    refuse(GRADSTEP_INVALID_ARGUMENT, "text has more than %zu bytes: at most so many are allowed",
           longest_note);
  }
  check_utf8("text", text, length);
}

}  // namespace gradstep::internal

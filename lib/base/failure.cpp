// SPDX-License-Identifier: Apache-2.0
#include "base/failure.hpp"

#include <cstdarg>

#include "base/text.hpp"

namespace gradstep::internal {

void refuse(gradstep_status status, const char* format, ...) {
  char sentence[sentence_size];
  std::va_list arguments;
  va_start(arguments, format);
  print_text(sentence, sentence_size, format, arguments);
  va_end(arguments);
  throw failure(status, sentence);
}

}  // namespace gradstep::internal

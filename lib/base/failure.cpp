// SPDX-License-Identifier: Apache-2.0
#include "base/failure.hpp"

#include <cstdarg>
#include <cstdio>

#include "base/text.hpp"

namespace gradstep::internal {

void refuse(gradstep_status status, const char* format, ...) {
  char sentence[sentence_size];
  std::va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(sentence, sentence_size, format, arguments);
  va_end(arguments);
  if (length >= static_cast<int>(sentence_size)) end_cut_text(sentence, sentence_size);
  throw failure(status, sentence);
}

}  // namespace gradstep::internal

// SPDX-License-Identifier: Apache-2.0
#include "error.hpp"

#include <cstdarg>
#include <cstdio>
#include <string>

namespace gradstep::internal {
namespace {

thread_local char sentence[768] = "";
// In its place, unless empty: one that may be longer.
thread_local std::string long_sentence;

}  // namespace

gradstep_status fail(gradstep_status status, const char* format, ...) noexcept {
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(sentence, sizeof sentence, format, arguments);
  va_end(arguments);
  long_sentence.clear();
  return status;
}

gradstep_status fail_with(gradstep_status status, const char* text) noexcept {
  fail(status, "%s", text);
  try {
    long_sentence = text;
  } catch (const std::bad_alloc&) {
    long_sentence.clear();
  }
  return status;
}

const char* last_error() noexcept {
  return long_sentence.empty() ? sentence : long_sentence.c_str();
}

}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

const char* gradstep_last_error(void) { return last_error(); }

const char* gradstep_status_name(gradstep_status status) {
  switch (status) {
    case GRADSTEP_OK:
      return "GRADSTEP_OK";
    case GRADSTEP_INVALID_ARGUMENT:
      return "GRADSTEP_INVALID_ARGUMENT";
    case GRADSTEP_UNKNOWN_NAME:
      return "GRADSTEP_UNKNOWN_NAME";
    case GRADSTEP_OUT_OF_RANGE:
      return "GRADSTEP_OUT_OF_RANGE";
    case GRADSTEP_UNSUPPORTED:
      return "GRADSTEP_UNSUPPORTED";
    case GRADSTEP_OUT_OF_MEMORY:
      return "GRADSTEP_OUT_OF_MEMORY";
    case GRADSTEP_INTERNAL:
      return "GRADSTEP_INTERNAL";
    case GRADSTEP_BUSY:
      return "GRADSTEP_BUSY";
    case GRADSTEP_WRONG_ORDER:
      return "GRADSTEP_WRONG_ORDER";
    case GRADSTEP_IO_ERROR:
      return "GRADSTEP_IO_ERROR";
    case GRADSTEP_CORRUPT:
      return "GRADSTEP_CORRUPT";
    case GRADSTEP_MISMATCH:
      return "GRADSTEP_MISMATCH";
    default:
      return "GRADSTEP_UNKNOWN_STATUS";
  }
}

uint32_t gradstep_version(void) {
  return 10000 * GRADSTEP_VERSION_MAJOR + 100 * GRADSTEP_VERSION_MINOR + GRADSTEP_VERSION_PATCH;
}

#define GRADSTEP_TEXT_AGAIN(a) #a
#define GRADSTEP_TEXT(a) GRADSTEP_TEXT_AGAIN(a)

const char* gradstep_version_text(void) {
  return GRADSTEP_TEXT(GRADSTEP_VERSION_MAJOR) "." GRADSTEP_TEXT(
      GRADSTEP_VERSION_MINOR) "." GRADSTEP_TEXT(GRADSTEP_VERSION_PATCH);
}

}  // extern "C"

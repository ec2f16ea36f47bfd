// SPDX-License-Identifier: Apache-2.0
#include "capi/error.hpp"

#include <cstdarg>
#include <exception>
#include <new>

#include "base/version.hpp"
#include "capi/thread_sentence.hpp"

namespace gradstep::internal {

gradstep_status fail(gradstep_status status, const char* format, ...) noexcept {
  char* const place = sentence_place();
  if (place == nullptr) return status;
  std::va_list arguments;
  va_start(arguments, format);
  print_text(place, sentence_size, format, arguments);
  va_end(arguments);
  return status;
}

gradstep_status fail_as_null(const char* argument) noexcept {
  return fail(GRADSTEP_INVALID_ARGUMENT, "%s is NULL", argument);
}

gradstep_status fail_as_thrown() noexcept {
  try {
    throw;
  } catch (const failure& f) {
    return fail(f.status(), "%s", f.what());
  } catch (const std::bad_alloc&) {
    return fail(GRADSTEP_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& e) {
    return fail(GRADSTEP_INTERNAL, "a defect of gradstep, please report it: %s", e.what());
  } catch (...) {
    return fail(GRADSTEP_INTERNAL, "a defect of gradstep, please report it: unknown exception");
  }
}

}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

const char* gradstep_last_error(void) { return sentence(); }

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

uint32_t gradstep_version(void) { return version_number(); }

const char* gradstep_version_text(void) { return version_text(); }

}  // extern "C"

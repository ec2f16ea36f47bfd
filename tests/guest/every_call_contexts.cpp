// SPDX-License-Identifier: Apache-2.0
#include "guest/every_call.hpp"

namespace {

void run_on_this_thread(void*, size_t count, gradstep_task task, void* argument) {
  for (size_t i = 0; i < count; ++i) task(argument, i);
}

}  // namespace

gradstep::context make_context(const char* isa, threading kind) {
  if (kind == threading::own_arena &&
      gradstep::context().describe().threading == std::string("calling thread")) {
    kind = threading::serial;
  }
  auto options = gradstep::sized<gradstep_context_options>();
  options.isa = isa;
  options.thread_count = kind == threading::serial ? 1 : 4;
  if (kind == threading::host_pool) options.parallel_for = run_on_this_thread;
  if (kind != threading::serial) {
    options.flags = GRADSTEP_CONTEXT_SERIAL_BELOW | GRADSTEP_CONTEXT_PIECE_SIZE;
    options.piece_size = 64;
  }
  return gradstep::context(options);
}

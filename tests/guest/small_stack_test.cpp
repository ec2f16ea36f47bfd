// SPDX-License-Identifier: Apache-2.0
//
// Makes every call on a thread with a small stack, and halves the stack until a call overflows it.
// Exits with 0 if docs/embedding.md is right: every call runs on 128 KiB. Usage: small_stack FOLDER
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

#include "guest/every_call.hpp"

namespace {

constexpr std::size_t promised_kib = 128;

std::string path;
bool is_good = true;

void* make_all_calls(void*) {
  try {
    for (size_t i = 0; i < gradstep_isa_count(); ++i) {
      if (gradstep_isa_is_available(i) == 0) continue;
      for (const threading kind : {threading::serial, threading::host_pool, threading::own_arena}) {
        is_good = make_every_call(make_context(gradstep_isa_name(i), kind), path) && is_good;
      }
    }
  } catch (const std::exception& e) {
    std::printf("%s\n", e.what());
    is_good = false;
  }
  return nullptr;
}

/// Whether every call runs on a thread with this stack. The guard is so large that no frame jumps
/// over it.
bool runs_on(std::size_t kib) {
  constexpr std::size_t guard = std::size_t{1} << 20;
  pthread_attr_t attributes;
  pthread_t thread{};
  pthread_attr_init(&attributes);
  const bool runs = pthread_attr_setstacksize(&attributes, kib << 10) == 0 &&
                    pthread_attr_setguardsize(&attributes, guard) == 0 &&
                    pthread_create(&thread, &attributes, make_all_calls, nullptr) == 0 &&
                    pthread_join(thread, nullptr) == 0;
  pthread_attr_destroy(&attributes);
  return runs && is_good;
}

/// The same in a child process, which an overflow ends.
bool child_runs_on(std::size_t kib) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    _exit(runs_on(kib) ? 0 : 1);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  path = std::string(argv[1]) + "/small_stack.state";
#if defined(GRADSTEP_EMULATED)  // QEMU aborts where a forked child starts threads
  return runs_on(promised_kib) ? 0 : 1;
#else
  std::size_t kib = 1024;
  while (child_runs_on(kib)) kib /= 2;
  std::printf("every call runs on a stack of %zu KiB, and not on %zu KiB\n", 2 * kib, kib);
  return 2 * kib <= promised_kib ? 0 : 1;
#endif
}

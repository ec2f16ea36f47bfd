// SPDX-License-Identifier: Apache-2.0
//
// Interruptions: Ctrl-C, or a closed terminal. Between batches the training checks for one, saves
// its state, and stops.
#ifndef GRADSTEP_EXAMPLES_DIGITS_INTERRUPTION_HPP
#define GRADSTEP_EXAMPLES_DIGITS_INTERRUPTION_HPP

#include <csignal>

namespace digits {

/// The signal that asked the training to stop; 0: none.
inline volatile std::sig_atomic_t interruption = 0;

/// From now on the first SIGINT, SIGTERM or SIGHUP sets `interruption`; the next signal of the same
/// kind ends the program at once. A signal stays ignored if the program was started with it ignored
/// (as nohup does, and scripts do for background jobs).
inline void watch_for_interruption() {
  for (const int watched : {SIGINT, SIGTERM, SIGHUP}) {
    if (std::signal(watched, SIG_IGN) == SIG_IGN) continue;
    std::signal(watched, [](int signal) {
      interruption = signal;
      std::signal(signal, SIG_DFL);
    });
  }
}

}  // namespace digits

#endif  // GRADSTEP_EXAMPLES_DIGITS_INTERRUPTION_HPP

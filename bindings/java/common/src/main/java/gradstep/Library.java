// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Calls of the C interface. */
final class Library {
  private Library() {}

  private static final int SENTENCE_SIZE = 4096;
  private static final Map<String, Block> NAMES = new ConcurrentHashMap<>();

  /** What the property gradstep.library or GRADSTEP_LIBRARY names, or the installed library. */
  static String path() {
    String path = System.getProperty("gradstep.library", System.getenv("GRADSTEP_LIBRARY"));
    return path == null ? "libgradstep.so.0" : path;
  }

  static UnsatisfiedLinkError notFound(Throwable cause) {
    UnsatisfiedLinkError error =
        new UnsatisfiedLinkError(
            path()
                + " cannot be loaded; install gradstep, or set -Dgradstep.library=/path/to/libgradstep.so ("
                + cause.getMessage()
                + ")");
    error.initCause(cause);
    return error;
  }

  /**
   * Calls a C function by its name. Integers and addresses are arguments as they are, doubles by their
   * bits. The sentence comes from the same call, so virtual threads may change carriers.
   */
  static void call(Scope scope, String function, long... arguments) {
    Block name = NAMES.computeIfAbsent(function, Library::kept);
    Block words = scope.block(8L * arguments.length);
    for (int i = 0; i < arguments.length; i++) {
      words.set(8L * i, arguments[i]);
    }
    Block sentence = scope.block(SENTENCE_SIZE);
    int status =
        Backend.call(
            name.address(), words.address(), arguments.length, sentence.address(), SENTENCE_SIZE);
    GradstepException failure = status == C.OK ? null : GradstepException.of(status, sentence.text());
    HostPool.rethrow(failure);
    if (failure != null) {
      throw failure;
    }
  }

  static void call(String function, long... arguments) {
    try (Scope scope = new Scope()) {
      call(scope, function, arguments);
    }
  }

  private static Block kept(String name) {
    Block block = Block.automatic(name.length() + 1L);
    block.putText(name);
    return block;
  }

  static long bits(double x) {
    return Double.doubleToRawLongBits(x);
  }
}

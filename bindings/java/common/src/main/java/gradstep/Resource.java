// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.lang.ref.Reference;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;

/** What has an object of the library's, and keeps it as long as calls of its own run. */
abstract class Resource implements AutoCloseable {
  /** Set once, by the constructor. */
  Handle handle;

  /** Calls body(the object's address). */
  <T> T with(LongFunction<T> body) {
    try {
      return handle.with(body);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** As with, for calls that give nothing. */
  void use(LongConsumer body) {
    with(
        address -> {
          body.accept(address);
          return null;
        });
  }

  /** Destroys the object, after the calls and objects that use it. */
  @Override
  public void close() {
    handle.run();
  }
}

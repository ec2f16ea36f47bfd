// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory for the time of a call. */
final class Scope implements AutoCloseable {
  private final Arena arena = Arena.ofConfined();

  /** Zeros. */
  Block block(long bytes) {
    return new Block(arena.allocate(Math.max(1, bytes), 16));
  }

  /** A struct of zeros with its struct_size. */
  Block struct(long bytes) {
    Block struct = block(bytes);
    struct.set(0, bytes);
    return struct;
  }

  /** The address of a text in UTF-8. */
  long text(String argument, String text) {
    if (text.indexOf('\0') >= 0) {
      throw GradstepException.invalid(argument + " contains a zero byte; none is allowed");
    }
    MemorySegment copy = arena.allocateFrom(text);
    return copy.address();
  }

  @Override
  public void close() {
    arena.close();
  }
}

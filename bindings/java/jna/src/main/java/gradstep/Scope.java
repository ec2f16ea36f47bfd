// SPDX-License-Identifier: Apache-2.0
package gradstep;

import com.sun.jna.Memory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Memory for the time of a call. */
final class Scope implements AutoCloseable {
  private static final long CHUNK_SIZE = 1 << 14;

  private final List<Memory> chunks = new ArrayList<>();
  private Memory chunk; // the last of its size; null: none
  private long used; // of the chunk

  /** Zeros. */
  Block block(long bytes) {
    long size = Math.max(1, bytes) + 15 & -16;
    if (size > CHUNK_SIZE / 2) {
      return new Block(allocate(size), null);
    }
    if (chunk == null || used + size > CHUNK_SIZE) {
      chunk = allocate(CHUNK_SIZE);
      used = 0;
    }
    used += size;
    return new Block(chunk.share(used - size, size), null);
  }

  private Memory allocate(long bytes) {
    Memory memory = new Memory(bytes);
    memory.clear();
    chunks.add(memory);
    return memory;
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
    Block copy = block(text.getBytes(StandardCharsets.UTF_8).length + 1L);
    copy.putText(text);
    return copy.address();
  }

  @Override
  public void close() {
    chunks.forEach(Memory::close);
  }
}

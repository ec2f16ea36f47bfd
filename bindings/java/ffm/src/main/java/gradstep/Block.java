// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Memory outside the heap. */
final class Block {
  private final MemorySegment segment;

  Block(MemorySegment segment) {
    this.segment = segment;
  }

  /** Zeros that stay as long as anybody has the block or a buffer of it. */
  static Block automatic(long bytes) {
    return new Block(Arena.ofAuto().allocate(Math.max(1, bytes), 64));
  }

  /** The memory of a direct buffer, whose position is 0. */
  static Block of(Buffer buffer) {
    return new Block(MemorySegment.ofBuffer(buffer));
  }

  /** Fails for memory that was freed, or that belongs to another thread. */
  void expectAlive() {
    if (!segment.scope().isAlive()) {
      throw new GradstepException(
          GradstepException.Kind.CLOSED, "the arena of an array is closed");
    }
    if (!segment.isAccessibleBy(Thread.currentThread())) {
      throw GradstepException.invalid("the arena of an array is confined to another thread");
    }
  }

  MemorySegment segment() {
    return segment;
  }

  long address() {
    return segment.address();
  }

  Block slice(long offset, long bytes) {
    return new Block(segment.asSlice(offset, bytes));
  }

  ByteBuffer buffer(int bytes) {
    return segment.asSlice(0, bytes).asByteBuffer().order(ByteOrder.nativeOrder());
  }

  long getLong(long offset) {
    return segment.get(ValueLayout.JAVA_LONG, offset);
  }

  int getInt(long offset) {
    return segment.get(ValueLayout.JAVA_INT, offset);
  }

  double getDouble(long offset) {
    return segment.get(ValueLayout.JAVA_DOUBLE, offset);
  }

  void set(long offset, long value) {
    segment.set(ValueLayout.JAVA_LONG, offset, value);
  }

  void set(long offset, int value) {
    segment.set(ValueLayout.JAVA_INT, offset, value);
  }

  void set(long offset, double value) {
    segment.set(ValueLayout.JAVA_DOUBLE, offset, value);
  }

  double[] doubles(int count) {
    return segment.asSlice(0, 8L * count).toArray(ValueLayout.JAVA_DOUBLE);
  }

  byte[] bytes(int count) {
    return segment.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
  }

  void put(double[] numbers) {
    MemorySegment.copy(numbers, 0, segment, ValueLayout.JAVA_DOUBLE, 0, numbers.length);
  }

  void put(byte[] bytes) {
    MemorySegment.copy(bytes, 0, segment, ValueLayout.JAVA_BYTE, 0, bytes.length);
  }

  void putText(String text) {
    segment.setString(0, text);
  }

  /** The text in this block. */
  String text() {
    return segment.getString(0);
  }

  /** The text whose address is at this offset; null for 0. */
  String textAt(long offset) {
    return Backend.text(getLong(offset));
  }
}

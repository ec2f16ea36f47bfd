// SPDX-License-Identifier: Apache-2.0
package gradstep;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Memory outside the heap. */
final class Block {
  private static final int ALIGNMENT = 64;
  private static final int MAXIMUM = Integer.MAX_VALUE - 2 * ALIGNMENT;

  private final Pointer pointer;
  private final Object keeper; // of the memory

  Block(Pointer pointer, Object keeper) {
    this.pointer = pointer;
    this.keeper = keeper;
  }

  /** Zeros that stay as long as anybody has the block or a buffer of it. */
  static Block automatic(long bytes) {
    if (bytes > MAXIMUM) {
      throw GradstepException.invalid(
          "an array has " + bytes + " bytes; with JNA it has at most " + MAXIMUM);
    }
    int units = (int) (Math.max(1, bytes) + ALIGNMENT - 1) / ALIGNMENT;
    return of(ByteBuffer.allocateDirect((units + 1) * ALIGNMENT).alignedSlice(ALIGNMENT));
  }

  /** The memory of a direct buffer, whose position is 0. */
  static Block of(Buffer buffer) {
    return new Block(Native.getDirectBufferPointer(buffer), buffer);
  }

  /** JNA cannot tell. */
  void expectAlive() {}

  long address() {
    return Pointer.nativeValue(pointer);
  }

  Block slice(long offset, long bytes) {
    return new Block(pointer.share(offset, bytes), keeper);
  }

  ByteBuffer buffer(int bytes) {
    ByteBuffer buffer =
        keeper instanceof ByteBuffer whole
            ? whole.duplicate().slice(0, bytes)
            : pointer.getByteBuffer(0, bytes);
    return buffer.order(ByteOrder.nativeOrder());
  }

  long getLong(long offset) {
    return pointer.getLong(offset);
  }

  int getInt(long offset) {
    return pointer.getInt(offset);
  }

  double getDouble(long offset) {
    return pointer.getDouble(offset);
  }

  void set(long offset, long value) {
    pointer.setLong(offset, value);
  }

  void set(long offset, int value) {
    pointer.setInt(offset, value);
  }

  void set(long offset, double value) {
    pointer.setDouble(offset, value);
  }

  double[] doubles(int count) {
    return pointer.getDoubleArray(0, count);
  }

  byte[] bytes(int count) {
    return pointer.getByteArray(0, count);
  }

  void put(double[] numbers) {
    pointer.write(0, numbers, 0, numbers.length);
  }

  void put(byte[] bytes) {
    pointer.write(0, bytes, 0, bytes.length);
  }

  void putText(String text) {
    put((text + '\0').getBytes(StandardCharsets.UTF_8));
  }

  /** The text in this block. */
  String text() {
    return pointer.getString(0, "UTF-8");
  }

  /** The text whose address is at this offset; null for 0. */
  String textAt(long offset) {
    return Backend.text(getLong(offset));
  }
}

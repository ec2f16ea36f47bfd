// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.nio.Buffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/**
 * Numbers of the caller's, for a {@link Parameter}: a buffer from its position to its limit, or a Java
 * array. A step works on the memory of a direct buffer. What is on the heap, a step copies and writes
 * back, so it is for small arrays.
 */
public final class Array {
  final DType dtype;
  final long count;
  final boolean isReadOnly;
  final Block block; // null: the numbers are on the heap
  final Buffer onHeap; // null: they are not; an empty buffer counts as one on the heap

  private Array(DType dtype, Buffer buffer, ByteOrder order) {
    this.dtype = dtype;
    count = buffer.remaining();
    isReadOnly = buffer.isReadOnly();
    if (order != ByteOrder.nativeOrder()) {
      throw GradstepException.invalid(
          "the byte order of the buffer is " + order + "; it must be " + ByteOrder.nativeOrder());
    }
    boolean hasAddress = buffer.isDirect() && count > 0;
    block = hasAddress ? Block.of(buffer) : null;
    onHeap = hasAddress ? null : buffer;
  }

  /** Memory outside the heap. */
  Array(DType dtype, long count, boolean isReadOnly, Block block) {
    this.dtype = dtype;
    this.count = count;
    this.isReadOnly = isReadOnly;
    this.block = block;
    onHeap = null;
  }

  /** FLOAT32 numbers. */
  public static Array of(FloatBuffer buffer) {
    return new Array(DType.FLOAT32, buffer.slice(), buffer.order());
  }

  /** FLOAT64 numbers. */
  public static Array of(DoubleBuffer buffer) {
    return new Array(DType.FLOAT64, buffer.slice(), buffer.order());
  }

  /** The bits of BFLOAT16 or FLOAT16 numbers. */
  public static Array of(ShortBuffer buffer, DType dtype) {
    if (dtype.bytes != 2) {
      throw GradstepException.invalid("dtype is " + dtype + "; shorts are BFLOAT16 or FLOAT16");
    }
    return new Array(dtype, buffer.slice(), buffer.order());
  }

  /** FLOAT32 numbers on the heap. */
  public static Array of(float... numbers) {
    return of(FloatBuffer.wrap(numbers));
  }

  /** FLOAT64 numbers on the heap. */
  public static Array of(double... numbers) {
    return of(DoubleBuffer.wrap(numbers));
  }

  /** The bits of BFLOAT16 or FLOAT16 numbers on the heap. */
  public static Array of(short[] bits, DType dtype) {
    return of(ShortBuffer.wrap(bits), dtype);
  }

  /** The memory for a step: the array's own, or a copy. */
  Block memory(Scope scope) {
    if (block != null) {
      block.expectAlive();
      return block;
    }
    Block copy = scope.block(count * dtype.bytes);
    copy(copy, true);
    return copy;
  }

  /** Writes a copy back. */
  void copyBack(Block copy) {
    if (onHeap != null) {
      copy(copy, false);
    }
  }

  private void copy(Block memory, boolean isToMemory) {
    var bytes = memory.buffer(Math.multiplyExact(onHeap.capacity(), dtype.bytes));
    if (onHeap instanceof FloatBuffer floats) {
      FloatBuffer there = bytes.asFloatBuffer();
      (isToMemory ? there : floats.duplicate()).put(isToMemory ? floats.duplicate() : there);
    } else if (onHeap instanceof DoubleBuffer doubles) {
      DoubleBuffer there = bytes.asDoubleBuffer();
      (isToMemory ? there : doubles.duplicate()).put(isToMemory ? doubles.duplicate() : there);
    } else {
      ShortBuffer shorts = (ShortBuffer) onHeap;
      ShortBuffer there = bytes.asShortBuffer();
      (isToMemory ? there : shorts.duplicate()).put(isToMemory ? shorts.duplicate() : there);
    }
  }
}

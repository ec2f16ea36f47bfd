// SPDX-License-Identifier: Apache-2.0
package gradstep.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import gradstep.Array;
import gradstep.DType;
import gradstep.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The elements of an NDArray for a step: its own memory, or a copy on the CPU.
 *
 * @param array the elements
 * @param bytes the same
 */
record Memory(Array array, ByteBuffer bytes) {
  static Memory of(NDArray of) {
    if (of.isSparse()) {
      throw new IllegalArgumentException(
          "the array is " + of.getSparseFormat() + "; gradstep takes dense arrays");
    }
    ByteBuffer bytes = of.toByteBuffer(true).order(ByteOrder.nativeOrder());
    Array array =
        switch (of.getDataType()) {
          case FLOAT32 -> Array.of(bytes.asFloatBuffer());
          case FLOAT64 -> Array.of(bytes.asDoubleBuffer());
          case FLOAT16 -> Array.of(bytes.asShortBuffer(), DType.FLOAT16);
          default ->
              throw new IllegalArgumentException(
                  "the data type is " + of.getDataType()
                      + "; gradstep takes float32, float64 and float16");
        };
    return new Memory(array, bytes);
  }

  /** Rules that look at rows and columns see those of the last two dimensions. */
  static Shape shapeOf(NDArray of) {
    ai.djl.ndarray.types.Shape shape = of.getShape();
    int last = shape.dimension() - 1;
    if (last < 1 || shape.size() == 0) {
      return Shape.flat(shape.size());
    }
    return new Shape(shape.size(), shape.get(last - 1), shape.get(last));
  }

  /** Writes a copy back; of the array's own memory there is nothing to write. */
  void writeTo(NDArray target) {
    if (bytes.capacity() == 0 || isMemoryOf(target)) {
      return;
    }
    try (NDArray copy =
        target.getManager().create(bytes, target.getShape(), target.getDataType())) {
      target.set(new NDIndex("..."), copy);
    }
  }

  /** Whether what is written through the buffer shows through another one. */
  private boolean isMemoryOf(NDArray target) {
    if (!bytes.isDirect()) {
      return false;
    }
    ByteBuffer again = target.toByteBuffer(true);
    byte first = bytes.get(0);
    if (again.get(0) != first) {
      return false;
    }
    bytes.put(0, (byte) ~first);
    boolean isShown = again.get(0) != first;
    bytes.put(0, first);
    return isShown;
  }
}

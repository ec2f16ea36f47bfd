// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.lang.foreign.MemorySegment;

/** Memory segments instead of buffers: for what has more bytes than a buffer can have, for example. */
public final class Segments {
  private Segments() {}

  /**
   * Numbers of the caller's, for a {@link Parameter}. The segment is outside the heap, and its size a
   * number of whole elements. Its arena must stay open until the call of {@link Stateless#apply} returns.
   */
  public static Array array(MemorySegment segment, DType dtype) {
    if (!segment.isNative()) {
      throw GradstepException.invalid("the segment is on the heap; pass the Java array, or a copy");
    }
    if (dtype == DType.BLOCKS_OF_8_BITS || segment.byteSize() % dtype.bytes != 0) {
      throw GradstepException.invalid(
          "the segment has " + segment.byteSize() + " bytes, which is not a number of " + dtype
              + " elements");
    }
    long count = segment.byteSize() / dtype.bytes;
    return new Array(dtype, count, segment.isReadOnly(), new Block(segment));
  }

  /** The param's memory. */
  public static MemorySegment param(Tensor tensor) {
    return whole(tensor, tensor.param, tensor.dtype);
  }

  /** The gradient's memory. */
  public static MemorySegment grad(Tensor tensor) {
    return whole(tensor, tensor.grad, tensor.gradDType);
  }

  private static MemorySegment whole(Tensor tensor, Block block, DType dtype) {
    return block.segment().asSlice(0, tensor.count() * dtype.bytes);
  }
}

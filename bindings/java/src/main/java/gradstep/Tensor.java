// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/**
 * A parameter with its gradient, in memory outside the heap that stays as long as anybody has it or a
 * buffer of it. Write the gradient and read the param while no step runs.
 *
 * <p>Make one, and give it to {@link Optimizer#add}.
 */
public final class Tensor {
  final int count;
  final DType dtype;
  final DType gradDType;
  final MemorySegment param;
  final MemorySegment grad;
  final int rows;
  final int columns;
  MemorySegment average; // null: none
  long index = -1; // in its optimizer
  Optimizer optimizer; // null: not added

  private Tensor(int count, int rows, int columns, DType dtype, DType gradDType) {
    this.count = count;
    this.rows = rows;
    this.columns = columns;
    this.dtype = dtype;
    this.gradDType = gradDType;
    param = allocate(dtype, count);
    grad = allocate(gradDType, count);
  }

  private static MemorySegment allocate(DType dtype, int count) {
    if (dtype == DType.BLOCKS_OF_8_BITS) {
      throw GradstepException.invalid("a param or gradient cannot be " + dtype);
    }
    return Arena.ofAuto().allocate(Math.max(1, (long) count * dtype.bytes), 64);
  }

  /** A flat tensor of zeros. */
  public static Tensor flat(int count, DType dtype, DType gradDType) {
    if (count < 0) {
      throw GradstepException.invalid("count is " + count + "; it must be at least 0");
    }
    return new Tensor(count, 0, 0, dtype, gradDType);
  }

  /** A row-major matrix of zeros, for rules that look at rows and columns. */
  public static Tensor matrix(int rows, int columns, DType dtype, DType gradDType) {
    if (rows < 1 || columns < 1) {
      throw GradstepException.invalid(
          "rows and columns are " + rows + " and " + columns + "; both must be at least 1");
    }
    return new Tensor(Math.multiplyExact(rows, columns), rows, columns, dtype, gradDType);
  }

  /** A flat tensor of these numbers. */
  public static Tensor of(float... numbers) {
    Tensor tensor = flat(numbers.length, DType.FLOAT32, DType.FLOAT32);
    tensor.floats().put(numbers);
    return tensor;
  }

  /** A flat tensor of these numbers, which steps compute in double precision. */
  public static Tensor of(double... numbers) {
    Tensor tensor = flat(numbers.length, DType.FLOAT64, DType.FLOAT64);
    tensor.doubles().put(numbers);
    return tensor;
  }

  /** Gives the tensor a moving average, which steps of an optimizer with averageDecay update. */
  public Tensor withAverage() {
    average = allocate(averageDType(), count);
    return this;
  }

  /** The type of the arithmetic. */
  DType averageDType() {
    return dtype == DType.FLOAT64 ? DType.FLOAT64 : DType.FLOAT32;
  }

  /** The elements. */
  public int count() {
    return count;
  }

  /** The param, if it is FLOAT32. */
  public FloatBuffer floats() {
    return buffer(param, dtype, DType.FLOAT32).asFloatBuffer();
  }

  /** The param, if it is FLOAT64. */
  public DoubleBuffer doubles() {
    return buffer(param, dtype, DType.FLOAT64).asDoubleBuffer();
  }

  /** The bits of the param, if it is BFLOAT16 or FLOAT16. */
  public ShortBuffer shorts() {
    return buffer(param, dtype, dtype.bytes == 2 ? dtype : DType.BFLOAT16).asShortBuffer();
  }

  /** The gradient, if it is FLOAT32. */
  public FloatBuffer gradFloats() {
    return buffer(grad, gradDType, DType.FLOAT32).asFloatBuffer();
  }

  /** The gradient, if it is FLOAT64. */
  public DoubleBuffer gradDoubles() {
    return buffer(grad, gradDType, DType.FLOAT64).asDoubleBuffer();
  }

  /** The bits of the gradient, if it is BFLOAT16 or FLOAT16. */
  public ShortBuffer gradShorts() {
    return buffer(grad, gradDType, gradDType.bytes == 2 ? gradDType : DType.BFLOAT16).asShortBuffer();
  }

  /** The param's memory. */
  public MemorySegment param() {
    return param;
  }

  /** The gradient's memory. */
  public MemorySegment grad() {
    return grad;
  }

  private java.nio.ByteBuffer buffer(MemorySegment of, DType is, DType wanted) {
    if (is != wanted) {
      throw GradstepException.invalid("the array is " + is + ", and is asked for as " + wanted);
    }
    return of.asSlice(0, (long) count * is.bytes).asByteBuffer().order(ByteOrder.nativeOrder());
  }
}

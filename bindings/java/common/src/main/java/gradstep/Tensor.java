// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.nio.ByteBuffer;
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
  final Shape shape;
  final DType dtype;
  final DType gradDType;
  final DType averageDType;
  final Block param;
  final Block grad;
  Block copy; // null: none
  DType copyDType;
  Block average; // null: none
  long index = -1; // in its optimizer
  OptimizerSettings optimizer; // null: not added

  private Tensor(Shape shape, DType dtype, DType gradDType) {
    this.shape = shape;
    this.dtype = dtype;
    this.gradDType = gradDType;
    averageDType = dtype == DType.FLOAT64 ? DType.FLOAT64 : DType.FLOAT32;
    param = allocate(dtype);
    grad = allocate(gradDType);
  }

  private Block allocate(DType of) {
    if (of == DType.BLOCKS_OF_8_BITS) {
      throw GradstepException.invalid("an array of a tensor cannot be " + of);
    }
    if (shape.count() > Long.MAX_VALUE / 8) {
      throw GradstepException.invalid("count is " + shape.count() + "; memory has less room");
    }
    return Block.automatic(shape.count() * of.bytes);
  }

  /** A tensor of zeros with a gradient of zeros. */
  public static Tensor zeros(Shape shape, DType dtype, DType gradDType) {
    return new Tensor(shape, dtype, gradDType);
  }

  /** A tensor of zeros in FLOAT32, as its gradient is. */
  public static Tensor zeros(Shape shape) {
    return zeros(shape, DType.FLOAT32, DType.FLOAT32);
  }

  /** A flat tensor of these numbers. */
  public static Tensor of(float... numbers) {
    Tensor tensor = zeros(Shape.flat(numbers.length));
    tensor.floats().put(numbers);
    return tensor;
  }

  /** A flat tensor of these numbers, which steps compute in double precision. */
  public static Tensor of(double... numbers) {
    Tensor tensor = zeros(Shape.flat(numbers.length), DType.FLOAT64, DType.FLOAT64);
    tensor.doubles().put(numbers);
    return tensor;
  }

  /** Steps also write the new param in another dtype. Call it before the tensor is added. */
  public synchronized Tensor withCopy(DType dtype) {
    expectNotAdded();
    copy = allocate(dtype);
    copyDType = dtype;
    return this;
  }

  /**
   * The tensor has a moving average, which steps of an optimizer with averageDecay update: FLOAT64 beside a
   * FLOAT64 param, otherwise FLOAT32. Call it before the tensor is added.
   */
  public synchronized Tensor withAverage() {
    expectNotAdded();
    average = allocate(averageDType);
    return this;
  }

  private void expectNotAdded() {
    if (optimizer != null) {
      throw GradstepException.invalid("the tensor is in an optimizer already");
    }
  }

  /** The elements and matrices. */
  public Shape shape() {
    return shape;
  }

  /** The elements. */
  public long count() {
    return shape.count();
  }

  /** How the param is stored. */
  public DType dtype() {
    return dtype;
  }

  /** How the gradient is stored. */
  public DType gradDType() {
    return gradDType;
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
    return buffer(param, dtype, sixteenBits(dtype)).asShortBuffer();
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
    return buffer(grad, gradDType, sixteenBits(gradDType)).asShortBuffer();
  }

  /** The copy of the param, if it is FLOAT32. */
  public FloatBuffer copyFloats() {
    return buffer(copy, copyDType, DType.FLOAT32).asFloatBuffer();
  }

  /** The bits of the copy of the param, if it is BFLOAT16 or FLOAT16. */
  public ShortBuffer copyShorts() {
    return buffer(copy, copyDType, sixteenBits(copyDType)).asShortBuffer();
  }

  /** The moving average, if the param is not FLOAT64. */
  public FloatBuffer averageFloats() {
    return buffer(average, averageDType, DType.FLOAT32).asFloatBuffer();
  }

  /** The moving average, if the param is FLOAT64. */
  public DoubleBuffer averageDoubles() {
    return buffer(average, averageDType, DType.FLOAT64).asDoubleBuffer();
  }

  private static DType sixteenBits(DType dtype) {
    return dtype != null && dtype.bytes == 2 ? dtype : DType.BFLOAT16;
  }

  private ByteBuffer buffer(Block of, DType is, DType wanted) {
    if (of == null) {
      throw GradstepException.invalid("the tensor was made without this array");
    }
    if (is != wanted) {
      throw GradstepException.invalid("the array is " + is + ", and is asked for as " + wanted);
    }
    if (count() * is.bytes > Integer.MAX_VALUE) {
      throw GradstepException.invalid(
          "the array has " + count() * is.bytes + " bytes; a buffer has at most 2^31 - 1");
    }
    return of.buffer((int) (count() * is.bytes));
  }

  /** What keeps the arrays, but not the tensor. */
  Object memory() {
    return new Block[] {param, grad, copy, average};
  }

  /** Fills the gradstep_tensor. */
  void putIn(Block raw) {
    shape.putIn(raw);
    put(raw, C.gradstep_tensor.param, param, dtype);
    put(raw, C.gradstep_tensor.grad, grad, gradDType);
    if (copy != null) {
      put(raw, C.gradstep_tensor.copy, copy, copyDType);
    }
    if (average != null) {
      put(raw, C.gradstep_tensor.average, average, averageDType);
    }
  }

  private static void put(Block raw, long offset, Block array, DType dtype) {
    raw.set(offset + C.gradstep_array.data, array.address());
    raw.set(offset + C.gradstep_array.dtype, dtype.code);
  }
}

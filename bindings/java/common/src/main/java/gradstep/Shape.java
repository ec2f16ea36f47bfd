// SPDX-License-Identifier: Apache-2.0
package gradstep;

/**
 * The elements of a parameter and, for rules that look at rows and columns, its matrices.
 *
 * @param count the elements
 * @param rows of each matrix; 0: the parameter is flat
 * @param columns of each matrix; 0: the parameter is flat
 */
public record Shape(long count, long rows, long columns) {
  /** Row-major matrices, one after another, or one run of elements. */
  public Shape {
    boolean isFlat = rows == 0 && columns == 0;
    if (count < 0 || rows < 0 || columns < 0 || !isFlat && !areWhole(count, rows, columns)) {
      throw GradstepException.invalid(
          "count, rows and columns are " + count + ", " + rows + " and " + columns
              + "; count must be a number of whole matrices, and none may be below 0");
    }
  }

  private static boolean areWhole(long count, long rows, long columns) {
    return rows > 0 && columns > 0 && count % rows == 0 && count / rows % columns == 0;
  }

  /** One run of elements. */
  public static Shape flat(long count) {
    return new Shape(count, 0, 0);
  }

  /** A row-major matrix. */
  public static Shape matrix(long rows, long columns) {
    return matrices(1, rows, columns);
  }

  /** Row-major matrices, one after another. */
  public static Shape matrices(long count, long rows, long columns) {
    try {
      return new Shape(Math.multiplyExact(count, Math.multiplyExact(rows, columns)), rows, columns);
    } catch (ArithmeticException e) {
      throw GradstepException.invalid(
          count + " matrices of " + rows + " x " + columns + " have more than 2^63 - 1 elements");
    }
  }

  void putIn(Block tensor) {
    tensor.set(C.gradstep_tensor.count, count);
    tensor.set(C.gradstep_tensor.rows, rows);
    tensor.set(C.gradstep_tensor.columns, columns);
  }
}

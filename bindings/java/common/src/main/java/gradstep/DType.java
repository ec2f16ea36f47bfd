// SPDX-License-Identifier: Apache-2.0
package gradstep;

/** How numbers are stored. */
public enum DType {
  /** float */
  FLOAT32(C.FLOAT32, 4),
  /** double; the step computes in double precision */
  FLOAT64(C.FLOAT64, 8),
  /** the upper half of a float, as short */
  BFLOAT16(C.BFLOAT16, 2),
  /** IEEE binary16, as short: Float.float16ToFloat */
  FLOAT16(C.FLOAT16, 2),
  /** for slots: 8-bit floats in blocks of 256 with a scale each, of the kind that suits a slot */
  BLOCKS_OF_8_BITS(C.S1E4M3_B256, 1);

  final int code;
  final int bytes;

  DType(int code, int bytes) {
    this.code = code;
    this.bytes = bytes;
  }
}

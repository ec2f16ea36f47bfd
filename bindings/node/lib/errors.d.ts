// SPDX-License-Identifier: Apache-2.0

/** Why a call failed. */
export type ErrorKind =
  | 'INVALID_ARGUMENT'
  | 'UNKNOWN_NAME'
  | 'OUT_OF_RANGE'
  | 'UNSUPPORTED'
  | 'OUT_OF_MEMORY'
  | 'INTERNAL'
  | 'BUSY'
  | 'WRONG_ORDER'
  | 'IO_ERROR'
  | 'CORRUPT'
  | 'MISMATCH'
  | 'CLOSED';

/** A failed call. It has changed nothing. The message names the argument, its value and what is allowed. */
export class GradstepError extends Error {
  readonly kind: ErrorKind;
}

// SPDX-License-Identifier: Apache-2.0
package gradstep;

/**
 * A failed call. It has changed nothing, except with the kind POOL_FAILED. The message names the
 * argument, its value and what is allowed.
 */
public final class GradstepException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Why a call failed. */
  public enum Kind {
    /** An inconsistent argument, or arrays that overlap. */
    INVALID_ARGUMENT,
    /** Nothing has this name; the message lists similar names. */
    UNKNOWN_NAME,
    /** A number outside its bounds, or an index past the end. */
    OUT_OF_RANGE,
    /** Valid, but this machine, build or object does not have it. */
    UNSUPPORTED,
    /** The system refused memory or a thread. */
    OUT_OF_MEMORY,
    /** A defect of the library: please report the message. */
    INTERNAL,
    /** The call would wait for ever. */
    BUSY,
    /** Another call has to come first. */
    WRONG_ORDER,
    /** A file cannot be read or written. */
    IO_ERROR,
    /** The file is truncated, damaged, or not a checkpoint. */
    CORRUPT,
    /** The checkpoint was saved from another model. */
    MISMATCH,
    /** The object is closed. */
    CLOSED,
    /** The executor of {@link ContextOptions#pool} has thrown the cause; the call did all its work. */
    POOL_FAILED
  }

  private final Kind kind;

  GradstepException(Kind kind, String message) {
    this(kind, message, null);
  }

  GradstepException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  static GradstepException invalid(String message) {
    return new GradstepException(Kind.INVALID_ARGUMENT, message);
  }

  static GradstepException of(int status, String message) {
    boolean isKnown = status >= 1 && status <= C.MISMATCH;
    return new GradstepException(isKnown ? Kind.values()[status - 1] : Kind.INTERNAL, message);
  }

  /** Why the call failed. */
  public Kind kind() {
    return kind;
  }
}

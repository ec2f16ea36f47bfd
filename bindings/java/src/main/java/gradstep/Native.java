// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Calls of the C interface. */
@SuppressWarnings("restricted") // this package is what the restriction is for
final class Native {
  private Native() {}

  private static final int SENTENCE_SIZE = 4096;
  private static final SymbolLookup LIBRARY = library();
  private static final MethodHandle CALL =
      function(
          "gradstep_call",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_LONG,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_LONG));
  private static final Map<String, MemorySegment> NAMES = new ConcurrentHashMap<>();
  private static final Map<String, MethodHandle> DESTROYERS = new ConcurrentHashMap<>();

  /** The library that the property gradstep.library or GRADSTEP_LIBRARY names, or the installed one. */
  private static SymbolLookup library() {
    String path = System.getProperty("gradstep.library", System.getenv("GRADSTEP_LIBRARY"));
    try {
      return SymbolLookup.libraryLookup(path == null ? "libgradstep.so.0" : path, Arena.global());
    } catch (IllegalArgumentException e) {
      throw new UnsatisfiedLinkError(
          (path == null ? "libgradstep.so.0 is not where the system looks for libraries" : path)
              + "; install it, or set -Dgradstep.library=/path/to/libgradstep.so ("
              + e.getMessage()
              + ")");
    }
  }

  private static MethodHandle function(String name, FunctionDescriptor descriptor) {
    MemorySegment address =
        LIBRARY.find(name).orElseThrow(() -> new UnsatisfiedLinkError("the library has no " + name));
    return Linker.nativeLinker().downcallHandle(address, descriptor);
  }

  /**
   * Calls a C function by its name. Integers and addresses are arguments as they are, doubles by their
   * bits. The sentence comes from the same call, so virtual threads may change carriers.
   */
  static void call(Arena arena, String function, long... arguments) {
    MemorySegment name = NAMES.computeIfAbsent(function, Arena.global()::allocateFrom);
    MemorySegment words = arena.allocateFrom(ValueLayout.JAVA_LONG, arguments);
    MemorySegment sentence = arena.allocate(SENTENCE_SIZE);
    int status;
    try {
      status = (int) CALL.invokeExact(name, words, (long) arguments.length, sentence, (long) SENTENCE_SIZE);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
    if (status != C.OK) {
      throw GradstepException.of(status, sentence.getString(0));
    }
  }

  static void call(String function, long... arguments) {
    try (Arena arena = Arena.ofConfined()) {
      call(arena, function, arguments);
    }
  }

  /** A struct of zeros with its struct_size. */
  static MemorySegment struct(Arena arena, long size) {
    MemorySegment struct = arena.allocate(size, 8);
    struct.set(ValueLayout.JAVA_LONG, 0, size);
    return struct;
  }

  static long text(Arena arena, String what, String text) {
    if (text.indexOf('\0') >= 0) {
      throw GradstepException.invalid(what + " contains a zero byte; none is allowed");
    }
    return arena.allocateFrom(text).address();
  }

  /** A text of C's at this address. */
  static String text(long address) {
    return address == 0 ? null : MemorySegment.ofAddress(address).reinterpret(1 << 20).getString(0);
  }

  static long bits(double x) {
    return Double.doubleToRawLongBits(x);
  }

  static long getLong(MemorySegment struct, long offset) {
    return struct.get(ValueLayout.JAVA_LONG, offset);
  }

  static int getInt(MemorySegment struct, long offset) {
    return struct.get(ValueLayout.JAVA_INT, offset);
  }

  static double getDouble(MemorySegment struct, long offset) {
    return struct.get(ValueLayout.JAVA_DOUBLE, offset);
  }

  static void set(MemorySegment struct, long offset, long value) {
    struct.set(ValueLayout.JAVA_LONG, offset, value);
  }

  static void set(MemorySegment struct, long offset, int value) {
    struct.set(ValueLayout.JAVA_INT, offset, value);
  }

  static void set(MemorySegment struct, long offset, double value) {
    struct.set(ValueLayout.JAVA_DOUBLE, offset, value);
  }

  /** A function without arguments that gives a count, or a name. */
  static long ask(String name, long... index) {
    try {
      if (index.length == 0) {
        MethodHandle count = function(name, FunctionDescriptor.of(ValueLayout.JAVA_LONG));
        return (long) count.invokeExact();
      }
      MethodHandle at =
          function(name, FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
      return (long) at.invokeExact(index[0]);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  static void destroy(String function, long handle) {
    try {
      DESTROYERS.computeIfAbsent(function, Native::destroyer).invokeExact(handle);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static MethodHandle destroyer(String function) {
    return function(function, FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));
  }
}

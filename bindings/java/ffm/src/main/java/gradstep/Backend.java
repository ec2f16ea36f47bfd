// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The functions of the library, by the foreign function interface. Addresses are numbers. */
@SuppressWarnings("restricted") // this package is what the restriction is for
final class Backend {
  private Backend() {}

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final SymbolLookup LIBRARY = library();
  private static final MethodHandle CALL =
      function(
          "gradstep_call",
          FunctionDescriptor.of(ValueLayout.JAVA_INT, LONG, LONG, LONG, LONG, LONG));
  private static final MethodHandle TASK =
      Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(LONG, LONG));
  private static final Map<String, MethodHandle> HANDLES = new ConcurrentHashMap<>();

  private static final class Pool {
    private static final long FUNCTION = hostPool();
  }

  private static SymbolLookup library() {
    try {
      return SymbolLookup.libraryLookup(Library.path(), Arena.global());
    } catch (IllegalArgumentException e) {
      throw Library.notFound(e);
    }
  }

  private static MethodHandle function(String name, FunctionDescriptor descriptor) {
    MemorySegment address =
        LIBRARY.find(name).orElseThrow(() -> new UnsatisfiedLinkError("the library has no " + name));
    return Linker.nativeLinker().downcallHandle(address, descriptor);
  }

  private static MethodHandle cached(String name, FunctionDescriptor descriptor) {
    return HANDLES.computeIfAbsent(name, absent -> function(absent, descriptor));
  }

  /** gradstep_call. */
  static int call(long function, long arguments, long count, long sentence, long sentenceSize) {
    try {
      return (int) CALL.invokeExact(function, arguments, count, sentence, sentenceSize);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** A function without arguments that gives a count, or the address of a text. */
  static long ask(String name) {
    try {
      return (long) cached(name, FunctionDescriptor.of(LONG)).invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** A function that gives a name, or an int, by its index. */
  static long ask(String name, long index) {
    try {
      return (long) cached(name, FunctionDescriptor.of(LONG, LONG)).invokeExact(index);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  static void destroy(String name, long object) {
    try {
      cached(name, FunctionDescriptor.ofVoid(LONG)).invokeExact(object);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** The text at this address; null for 0. */
  static String text(long address) {
    return address == 0
        ? null
        : MemorySegment.ofAddress(address).reinterpret(Long.MAX_VALUE).getString(0);
  }

  /** Calls a gradstep_task. */
  static void runTask(long task, long argument, long index) {
    try {
      TASK.invokeExact(MemorySegment.ofAddress(task), argument, index);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** The gradstep_parallel_for that calls {@link HostPool#run}. */
  static long parallelFor() {
    return Pool.FUNCTION;
  }

  private static long hostPool() {
    try {
      MethodHandle run =
          MethodHandles.lookup()
              .findStatic(
                  HostPool.class,
                  "run",
                  MethodType.methodType(void.class, long.class, long.class, long.class, long.class));
      FunctionDescriptor descriptor = FunctionDescriptor.ofVoid(LONG, LONG, LONG, LONG);
      return Linker.nativeLinker().upcallStub(run, descriptor, Arena.global()).address();
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }
}

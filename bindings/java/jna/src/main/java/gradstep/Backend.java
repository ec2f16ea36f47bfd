// SPDX-License-Identifier: Apache-2.0
package gradstep;

import com.sun.jna.Callback;
import com.sun.jna.CallbackReference;
import com.sun.jna.Function;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;

/** The functions of the library, by JNA. Addresses are numbers. */
final class Backend {
  private Backend() {}

  private static final NativeLibrary LIBRARY = library();
  private static final HostPoolCallback POOL = HostPool::run;

  static {
    Native.register(Backend.class, LIBRARY);
  }

  /** A gradstep_parallel_for. It catches everything. */
  private interface HostPoolCallback extends Callback {
    void run(long pool, long count, long task, long argument);
  }

  private static NativeLibrary library() {
    try {
      return NativeLibrary.getInstance(Library.path());
    } catch (UnsatisfiedLinkError e) {
      throw Library.notFound(e);
    }
  }

  private static native int gradstep_call(
      long function, long arguments, long count, long sentence, long sentenceSize);

  /** gradstep_call. */
  static int call(long function, long arguments, long count, long sentence, long sentenceSize) {
    return gradstep_call(function, arguments, count, sentence, sentenceSize);
  }

  /** A function without arguments that gives a count, or the address of a text. */
  static long ask(String name) {
    return LIBRARY.getFunction(name).invokeLong(new Object[0]);
  }

  /** A function that gives a name, or an int, by its index. */
  static long ask(String name, long index) {
    return LIBRARY.getFunction(name).invokeLong(new Object[] {index});
  }

  static void destroy(String name, long object) {
    LIBRARY.getFunction(name).invokeVoid(new Object[] {object});
  }

  /** The text at this address; null for 0. */
  static String text(long address) {
    return address == 0 ? null : new Pointer(address).getString(0, "UTF-8");
  }

  /** Calls a gradstep_task. */
  static void runTask(long task, long argument, long index) {
    Function.getFunction(new Pointer(task)).invokeVoid(new Object[] {argument, index});
  }

  /** The gradstep_parallel_for that calls {@link HostPool#run}. */
  static long parallelFor() {
    return Pointer.nativeValue(CallbackReference.getFunctionPointer(POOL));
  }
}

// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Cleaner;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;

/** An object of the library's, which calls keep from being destroyed. */
final class Handle implements Runnable {
  private static final Cleaner CLEANER = Cleaner.create();

  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private final String what;
  private final String destroyer;
  private final Handle needed; // destroyed after this one; null: none
  private long address; // 0: destroyed
  private boolean isClosed;
  private int users; // the last one destroys what is closed

  private Handle(String what, String destroyer, long address, Handle needed) {
    this.what = what;
    this.destroyer = destroyer;
    this.address = address;
    this.needed = needed;
  }

  /**
   * Calls a function that puts the object's address where its argument says. The object is destroyed
   * after it is closed, or when nobody has the owner any more.
   */
  static Handle create(Object owner, String what, String destroyer, LongConsumer create) {
    return create(owner, what, destroyer, null, (none, into) -> create.accept(into));
  }

  /** As above; the function also gets the address of the object that this one needs. */
  static Handle create(
      Object owner, String what, String destroyer, Handle needed, Creation create) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment into = arena.allocate(ValueLayout.JAVA_LONG);
      long neededAddress = needed == null ? 0 : needed.retain();
      try {
        create.make(neededAddress, into.address());
      } catch (RuntimeException e) {
        if (needed != null) {
          needed.release();
        }
        throw e;
      }
      Handle handle = new Handle(what, destroyer, into.get(ValueLayout.JAVA_LONG, 0), needed);
      CLEANER.register(owner, handle);
      return handle;
    }
  }

  /** Creates an object by one that it needs. */
  interface Creation {
    void make(long needed, long into);
  }

  /** Calls body(the object's address). */
  <T> T with(LongFunction<T> body) {
    lock.readLock().lock();
    try {
      expectOpen();
      return body.apply(address);
    } finally {
      lock.readLock().unlock();
    }
  }

  /** As with, for calls that give nothing. */
  void use(LongConsumer body) {
    with(
        handle -> {
          body.accept(handle);
          return null;
        });
  }

  private void expectOpen() {
    if (isClosed) {
      throw new GradstepException(GradstepException.Kind.CLOSED, "the " + what + " is closed");
    }
  }

  private long retain() {
    lock.writeLock().lock();
    try {
      expectOpen();
      users++;
      return address;
    } finally {
      lock.writeLock().unlock();
    }
  }

  private void release() {
    lock.writeLock().lock();
    users--;
    destroyUnused();
    lock.writeLock().unlock();
  }

  /** Closes the object; it is destroyed when no call and no other object uses it. */
  @Override
  public void run() {
    lock.writeLock().lock();
    try {
      isClosed = true;
      destroyUnused();
    } finally {
      lock.writeLock().unlock();
    }
  }

  private void destroyUnused() {
    if (!isClosed || users > 0 || address == 0) {
      return;
    }
    Native.destroy(destroyer, address);
    address = 0;
    if (needed != null) {
      needed.release();
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.lang.ref.Cleaner;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;

/** An object of the library's, which calls keep from being destroyed. */
final class Handle implements Runnable {
  private static final Cleaner CLEANER = Cleaner.create();

  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private final String what;
  private final Needs needs;
  private long address; // 0: destroyed
  private boolean isClosed;
  private int users; // the last one destroys what is closed

  /**
   * What an object needs as long as it is there.
   *
   * @param other destroyed after this one; null: none
   * @param memory whose addresses the library keeps; null: none
   * @param afterwards runs when the object is destroyed
   */
  record Needs(Handle other, Object memory, Runnable afterwards) {
    static final Needs NOTHING = new Needs(null, null, () -> {});
  }

  /** Creates an object by the one that it needs, and puts its address where `into` says. */
  interface Creation {
    void make(long needed, long into);
  }

  private Handle(String what, long address, Needs needs) {
    this.what = what;
    this.address = address;
    this.needs = needs;
  }

  /** The object is destroyed after it is closed, or when nobody has the owner any more. */
  static Handle create(Resource owner, String what, Needs needs, Creation create) {
    try (Scope scope = new Scope()) {
      Block into = scope.block(8);
      long needed = needs.other() == null ? 0 : needs.other().retain();
      try {
        create.make(needed, into.address());
      } catch (RuntimeException e) {
        if (needs.other() != null) {
          needs.other().release();
        }
        throw e;
      }
      Handle handle = new Handle(what, into.getLong(0), needs);
      CLEANER.register(owner, handle);
      return handle;
    }
  }

  <T> T with(LongFunction<T> body) {
    lock.readLock().lock();
    try {
      expectOpen();
      return body.apply(address);
    } finally {
      lock.readLock().unlock();
    }
  }

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
    if (lock.getReadHoldCount() > 0) {
      throw new GradstepException(
          GradstepException.Kind.BUSY, "the " + what + " is used by a call of this thread");
    }
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
    Backend.destroy("gradstep_" + what + "_destroy", address);
    address = 0;
    needs.afterwards().run();
    if (needs.other() != null) {
      needs.other().release();
    }
  }
}

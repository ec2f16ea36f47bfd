// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.nio.Buffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** The copies of what is on the heap, for one call. */
final class HeapCopies {
  private final Scope scope;
  private final List<Runnable> writers = new ArrayList<>();
  private final Map<Object, List<Range>> ranges = new IdentityHashMap<>();

  /** A part of a Java array that a step uses. */
  private record Range(int begin, int end, boolean isWritten) {}

  HeapCopies(Scope scope) {
    this.scope = scope;
  }

  Block of(Array array, boolean isWritten) {
    Block memory = array.memory(scope);
    if (array.onHeap != null && array.count > 0) {
      add(array.onHeap, isWritten);
      if (isWritten) {
        writers.add(() -> array.copyBack(memory));
      }
    }
    return memory;
  }

  Block of(double[] scalars) {
    Block copy = scope.block(8L * scalars.length);
    copy.put(scalars);
    writers.add(() -> System.arraycopy(copy.doubles(scalars.length), 0, scalars, 0, scalars.length));
    return copy;
  }

  private void add(Buffer buffer, boolean isWritten) {
    if (buffer.hasArray()) {
      int begin = buffer.arrayOffset();
      ranges
          .computeIfAbsent(buffer.array(), array -> new ArrayList<>())
          .add(new Range(begin, begin + buffer.capacity(), isWritten));
    }
  }

  /** A part that is written must not be in another one: the library sees the copies alone. */
  void expectApart() {
    for (List<Range> all : ranges.values()) {
      all.sort(Comparator.comparingInt(Range::begin));
      int end = 0; // of all before
      int writtenEnd = 0;
      for (Range range : all) {
        if (range.begin < (range.isWritten ? end : writtenEnd)) {
          throw GradstepException.invalid(
              "a Java array is in the list twice from index " + range.begin
                  + "; what a step writes must be in it once");
        }
        end = Math.max(end, range.end);
        writtenEnd = range.isWritten ? Math.max(writtenEnd, range.end) : writtenEnd;
      }
    }
  }

  void writeBack() {
    writers.forEach(Runnable::run);
  }
}

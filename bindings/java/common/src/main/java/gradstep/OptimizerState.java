// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What an optimizer keeps beside its tensors, and its checkpoints. */
abstract sealed class OptimizerState extends OptimizerArrays permits Optimizer {
  OptimizerState() {}

  /**
   * Steps divide the gradients by the scale of a copy of this scaler, are skipped if a gradient is not
   * finite, and update the copy; null: no loss scaling.
   */
  public void setLossScaler(LossScaler scaler) {
    if (scaler == null) {
      callOptimizer("set_loss_scaler", 0);
      return;
    }
    synchronized (scaler) {
      callOptimizer("set_loss_scaler", scaler.address());
    }
  }

  /** A copy of the loss scaler, whose scale the loss is to be multiplied by. */
  public LossScaler lossScaler() {
    LossScaler scaler = new LossScaler();
    callOptimizer("get_loss_scaler", scaler.address());
    return scaler;
  }

  /** Gives a group a copy of a plateau, whose rate replaces the group's base rate; null removes it. */
  public void setPlateau(long group, Plateau plateau) {
    if (plateau == null) {
      callOptimizer("set_plateau", group, 0);
      return;
    }
    synchronized (plateau) {
      callOptimizer("set_plateau", group, plateau.address());
    }
  }

  /** A copy of a group's plateau. */
  public Plateau plateau(long group) {
    Plateau plateau = new Plateau(0);
    callOptimizer("get_plateau", group, plateau.address());
    return plateau;
  }

  /** Reports a metric to the plateaus of all groups; gives how many rates were lowered. */
  public long reportMetric(double metric) {
    try (Scope scope = new Scope()) {
      Block count = scope.block(8);
      callOptimizer(scope, "report_metric", Library.bits(metric), count.address());
      return count.getLong(0);
    }
  }

  /** Sets a text that checkpoints hold beside the state; null removes it. */
  public void setNote(String name, String text) {
    try (Scope scope = new Scope()) {
      long address = text == null ? 0 : scope.text("text", text);
      long nameAddress = scope.text("name", name);
      synchronized (tensors) { // no reader has the old text
        callOptimizer(scope, "set_note", nameAddress, address);
      }
    }
  }

  /** A text that was set or loaded. */
  public String note(String name) {
    try (Scope scope = new Scope()) {
      Block text = scope.block(8);
      long nameAddress = scope.text("name", name);
      synchronized (tensors) {
        return with(
            h -> {
              Library.call(scope, "gradstep_optimizer_get_note", h, nameAddress, text.address());
              return text.textAt(0);
            });
      }
    }
  }

  /** The names of the notes. */
  public List<String> noteNames() {
    try (Scope scope = new Scope()) {
      Block count = scope.block(8);
      Block name = scope.block(8);
      synchronized (tensors) {
        return with(
            h -> {
              List<String> names = new ArrayList<>();
              Library.call(scope, "gradstep_optimizer_note_count", h, count.address());
              for (long i = 0; i < count.getLong(0); i++) {
                Library.call(scope, "gradstep_optimizer_note_at", h, i, name.address(), 0);
                names.add(name.textAt(0));
              }
              return names;
            });
      }
    }
  }

  /** Writes the whole state. The file is replaced as a whole or not at all. */
  public void save(Path path, boolean withParams) {
    try (Scope scope = new Scope()) {
      long text = scope.text("path", path.toString());
      callOptimizer(scope, "save", text, withParams ? C.CHECKPOINT_PARAMS : 0);
    }
  }

  /** The bytes that save would write: at most 2^31 - 1. */
  public byte[] saveBytes(boolean withParams) {
    try (Scope scope = new Scope()) {
      Block raw = scope.struct(C.gradstep_save_options.SIZE);
      raw.set(C.gradstep_save_options.flags, withParams ? C.CHECKPOINT_PARAMS : 0);
      Block size = scope.block(8);
      return with(
          h -> {
            String call = "gradstep_optimizer_save_to";
            Library.call(scope, call, h, raw.address(), size.address());
            long needed = size.getLong(0);
            if (needed > Integer.MAX_VALUE) {
              throw GradstepException.invalid(
                  "the checkpoint has " + needed + " bytes; a Java array has at most 2^31 - 1");
            }
            Block bytes = scope.block(needed);
            raw.set(C.gradstep_save_options.memory, bytes.address());
            raw.set(C.gradstep_save_options.memory_size, needed);
            Library.call(scope, call, h, raw.address(), size.address());
            return bytes.bytes(Math.toIntExact(size.getLong(0)));
          });
    }
  }

  /** Loads what a save has written. On a failure nothing has changed. */
  public LoadResult load(Path path, Set<Load> options) {
    try (Scope scope = new Scope()) {
      Block raw = scope.struct(C.gradstep_load_options.SIZE);
      raw.set(C.gradstep_load_options.path, scope.text("path", path.toString()));
      return load(scope, raw, options);
    }
  }

  /** Loads the bytes of a checkpoint. */
  public LoadResult load(byte[] checkpoint, Set<Load> options) {
    try (Scope scope = new Scope()) {
      Block raw = scope.struct(C.gradstep_load_options.SIZE);
      Block bytes = scope.block(checkpoint.length);
      bytes.put(checkpoint);
      raw.set(C.gradstep_load_options.memory, bytes.address());
      raw.set(C.gradstep_load_options.memory_size, (long) checkpoint.length);
      return load(scope, raw, options);
    }
  }

  private LoadResult load(Scope scope, Block raw, Set<Load> options) {
    long flags = options.stream().mapToLong(option -> option.flag).reduce(0, (a, b) -> a | b);
    raw.set(C.gradstep_load_options.flags, flags);
    Block result = scope.struct(C.gradstep_load_result.SIZE);
    synchronized (tensors) { // it replaces the notes
      callOptimizer(scope, "load_from", raw.address(), result.address());
    }
    return new LoadResult(
        result.getLong(C.gradstep_load_result.loaded_count),
        result.getLong(C.gradstep_load_result.missing_count),
        result.getLong(C.gradstep_load_result.extra_count));
  }
}

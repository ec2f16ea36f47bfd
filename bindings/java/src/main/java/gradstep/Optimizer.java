// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Parameters in groups, with their state, step counts and learning rates. Any threads may call it; calls
 * wait for each other.
 */
public final class Optimizer implements AutoCloseable {
  private final Handle handle;
  private final Map<Long, Tensor> tensors = new ConcurrentHashMap<>(); // keeps their memory

  /** What a load may do beside loading the state. */
  public enum Load {
    /** Load the params too. */
    PARAMS(C.CHECKPOINT_PARAMS),
    /** Load the tensors that fit, and no others. */
    PARTIAL(C.CHECKPOINT_PARTIAL),
    /** Load no settings. */
    KEEP_SETTINGS(C.CHECKPOINT_KEEP_SETTINGS),
    /** Groups and rules may differ; tensors and slots are matched by name. */
    ANY_GROUP(C.CHECKPOINT_ANY_GROUP),
    /** What the file lacks starts afresh. */
    START_MISSING(C.CHECKPOINT_START_MISSING);

    private final long flag;

    Load(long flag) {
      this.flag = flag;
    }
  }

  /**
   * What a load has found.
   *
   * @param loaded tensors of the optimizer whose state was loaded
   * @param missing tensors of the optimizer that the file lacks, or that do not fit
   * @param extra tensors of the file that were not loaded
   */
  public record LoadResult(long loaded, long missing, long extra) {}

  /**
   * What a step has done.
   *
   * @param isSkipped nothing was changed: a gradient is not finite
   * @param isStopped nothing was changed: the rule stopped the step
   * @param gradNorm of the gradients before clipping; 0 unless the step needed it
   * @param clipFactor by which the gradients were clipped
   */
  public record StepResult(boolean isSkipped, boolean isStopped, double gradNorm, double clipFactor) {}

  /** An optimizer without options on the process's context. */
  public Optimizer() {
    this(Context.shared(), new OptimizerOptions());
  }

  /** An optimizer without groups. */
  public Optimizer(Context context, OptimizerOptions options) {
    try (Arena arena = Arena.ofConfined()) {
      long raw = options.in(arena).address();
      handle =
          Handle.create(
              this,
              "optimizer",
              "gradstep_optimizer_destroy",
              context.handle,
              (needed, into) -> Native.call(arena, "gradstep_optimizer_create", needed, raw, into));
    }
  }

  /** Adds a group, whose name no other group has; gives its index. */
  public long addGroup(String name, GroupOptions options) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment raw = Native.struct(arena, C.gradstep_group_options.SIZE);
      Native.set(raw, C.gradstep_group_options.name, Native.text(arena, "name", name));
      if (options.slotDType() != null) {
        Native.set(raw, C.gradstep_group_options.slot_dtype, options.slotDType().code);
      }
      if (options.maxNorm() != 0) {
        Native.set(raw, C.gradstep_group_options.max_norm, options.maxNorm());
        Native.set(raw, C.gradstep_group_options.flags, C.GROUP_MAX_NORM);
      }
      MemorySegment index = arena.allocate(ValueLayout.JAVA_LONG);
      options
          .rule()
          .handle
          .use(
              rule -> {
                Native.set(raw, C.gradstep_group_options.rule, rule);
                if (options.schedule() == null) {
                  addGroup(arena, raw, index);
                  return;
                }
                options
                    .schedule()
                    .handle
                    .use(
                        schedule -> {
                          Native.set(raw, C.gradstep_group_options.schedule, schedule);
                          addGroup(arena, raw, index);
                        });
              });
      return index.get(ValueLayout.JAVA_LONG, 0);
    }
  }

  private void addGroup(Arena arena, MemorySegment raw, MemorySegment index) {
    handle.use(
        h -> Native.call(arena, "gradstep_optimizer_add_group", h, raw.address(), index.address()));
  }

  /** Adds a tensor, whose name no other tensor has, and gives it back. It can be in one optimizer. */
  public Tensor add(long group, String name, Tensor tensor) {
    synchronized (tensor) {
      if (tensor.optimizer != null) {
        throw GradstepException.invalid("the tensor is in an optimizer already");
      }
      tensor.index = addToLibrary(group, name, tensor);
      tensor.optimizer = this;
      tensors.put(tensor.index, tensor);
      return tensor;
    }
  }

  private long addToLibrary(long group, String name, Tensor tensor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment raw = Native.struct(arena, C.gradstep_tensor.SIZE);
      Native.set(raw, C.gradstep_tensor.count, (long) tensor.count);
      Native.set(raw, C.gradstep_tensor.rows, (long) tensor.rows);
      Native.set(raw, C.gradstep_tensor.columns, (long) tensor.columns);
      setArray(raw, C.gradstep_tensor.param, tensor.param, tensor.dtype);
      setArray(raw, C.gradstep_tensor.grad, tensor.grad, tensor.gradDType);
      if (tensor.average != null) {
        setArray(raw, C.gradstep_tensor.average, tensor.average, tensor.averageDType());
      }
      long text = Native.text(arena, "name", name);
      MemorySegment index = arena.allocate(ValueLayout.JAVA_LONG);
      handle.use(
          h ->
              Native.call(
                  arena, "gradstep_optimizer_add_tensor", h, group, text, raw.address(), index.address()));
      return index.get(ValueLayout.JAVA_LONG, 0);
    }
  }

  private static void setArray(MemorySegment tensor, long offset, MemorySegment array, DType dtype) {
    Native.set(tensor, offset + C.gradstep_array.data, array.address());
    Native.set(tensor, offset + C.gradstep_array.dtype, dtype.code);
  }

  private long indexOf(Tensor tensor) {
    if (tensor.optimizer != this) {
      throw GradstepException.invalid("the tensor is not in this optimizer");
    }
    return tensor.index;
  }

  /** Removes a tensor; its name is free again. */
  public void remove(Tensor tensor) {
    synchronized (tensor) {
      long index = indexOf(tensor);
      handle.use(h -> Native.call("gradstep_optimizer_remove_tensor", h, index));
      tensor.optimizer = null;
      tensors.remove(index);
    }
  }

  /** Steps every tensor that is not frozen. */
  public StepResult step() {
    return step(1);
  }

  /** As step; the factor multiplies each gradient. */
  public StepResult step(double gradScale) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment raw = Native.struct(arena, C.gradstep_step_options.SIZE);
      Native.set(raw, C.gradstep_step_options.flags, C.STEP_GRAD_SCALE);
      Native.set(raw, C.gradstep_step_options.grad_scale, gradScale);
      MemorySegment result = Native.struct(arena, C.gradstep_apply_result.SIZE);
      handle.use(
          h -> Native.call(arena, "gradstep_optimizer_step", h, raw.address(), result.address()));
      return new StepResult(
          Native.getInt(result, C.gradstep_apply_result.is_skipped) != 0,
          Native.getInt(result, C.gradstep_apply_result.is_stopped) != 0,
          Native.getDouble(result, C.gradstep_apply_result.grad_norm),
          Native.getDouble(result, C.gradstep_apply_result.clip_factor));
    }
  }

  /** A frozen tensor takes no part in steps. */
  public void setFrozen(Tensor tensor, boolean isFrozen) {
    long index = indexOf(tensor);
    handle.use(h -> Native.call("gradstep_optimizer_set_frozen", h, index, isFrozen ? 1 : 0));
  }

  /** Sets a hyper-parameter of a group's rule; "lr" is the base rate of its schedule. */
  public void set(long group, String name, double value) {
    try (Arena arena = Arena.ofConfined()) {
      long text = Native.text(arena, "name", name);
      String call = "gradstep_optimizer_set_hyperparameter";
      handle.use(h -> Native.call(arena, call, h, group, text, Native.bits(value)));
    }
  }

  /** The learning rate of a group's next step. */
  public double lr(long group) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = Native.struct(arena, C.gradstep_group_info.SIZE);
      handle.use(
          h -> Native.call(arena, "gradstep_optimizer_describe_group", h, group, info.address()));
      return Native.getDouble(info, C.gradstep_group_info.lr);
    }
  }

  /** The steps that were not skipped. */
  public long stepCount() {
    return describe(C.gradstep_optimizer_info.step_count);
  }

  /** The memory of slots and accumulated gradients, in bytes. */
  public long stateBytes() {
    return describe(C.gradstep_optimizer_info.state_bytes);
  }

  private long describe(long field) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = Native.struct(arena, C.gradstep_optimizer_info.SIZE);
      handle.use(h -> Native.call(arena, "gradstep_optimizer_describe", h, info.address()));
      return Native.getLong(info, field);
    }
  }

  /** A copy of a tensor's array: a slot ("exp_avg"), "param", "average" or "accumulated_grad". */
  public double[] read(Tensor tensor, String arrayName) {
    long index = indexOf(tensor);
    try (Arena arena = Arena.ofConfined()) {
      long text = Native.text(arena, "array_name", arrayName);
      MemorySegment array = arena.allocate(C.gradstep_array.SIZE, 8);
      MemorySegment count = arena.allocate(ValueLayout.JAVA_LONG);
      return handle.with(
          h -> {
            Native.call(
                arena, "gradstep_optimizer_get_array", h, index, text, array.address(), count.address());
            long elements = count.get(ValueLayout.JAVA_LONG, 0);
            MemorySegment values = arena.allocate(ValueLayout.JAVA_DOUBLE, elements);
            Native.call(arena, "gradstep_array_read", array.address(), elements, values.address());
            return values.toArray(ValueLayout.JAVA_DOUBLE);
          });
    }
  }

  /** Writes the whole state. The file is replaced as a whole or not at all. */
  public void save(Path path, boolean withParams) {
    try (Arena arena = Arena.ofConfined()) {
      long text = Native.text(arena, "path", path.toString());
      handle.use(h -> Native.call(arena, "gradstep_optimizer_save", h, text, withParams ? 1 : 0));
    }
  }

  /** The bytes that save would write. */
  public byte[] saveBytes(boolean withParams) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment raw = Native.struct(arena, C.gradstep_save_options.SIZE);
      Native.set(raw, C.gradstep_save_options.flags, withParams ? C.CHECKPOINT_PARAMS : 0);
      MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
      return handle.with(
          h -> {
            Native.call(arena, "gradstep_optimizer_save_to", h, raw.address(), size.address());
            MemorySegment bytes = arena.allocate(size.get(ValueLayout.JAVA_LONG, 0));
            Native.set(raw, C.gradstep_save_options.memory, bytes.address());
            Native.set(raw, C.gradstep_save_options.memory_size, bytes.byteSize());
            Native.call(arena, "gradstep_optimizer_save_to", h, raw.address(), size.address());
            return bytes.asSlice(0, size.get(ValueLayout.JAVA_LONG, 0)).toArray(ValueLayout.JAVA_BYTE);
          });
    }
  }

  /** Loads what a save has written. On a failure nothing has changed. */
  public LoadResult load(Path path, Set<Load> options) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment raw = Native.struct(arena, C.gradstep_load_options.SIZE);
      Native.set(raw, C.gradstep_load_options.path, Native.text(arena, "path", path.toString()));
      return load(arena, raw, options);
    }
  }

  /** Loads the bytes of a checkpoint. */
  public LoadResult load(byte[] checkpoint, Set<Load> options) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment raw = Native.struct(arena, C.gradstep_load_options.SIZE);
      MemorySegment bytes = arena.allocate(Math.max(1, checkpoint.length));
      MemorySegment.copy(checkpoint, 0, bytes, ValueLayout.JAVA_BYTE, 0, checkpoint.length);
      Native.set(raw, C.gradstep_load_options.memory, bytes.address());
      Native.set(raw, C.gradstep_load_options.memory_size, (long) checkpoint.length);
      return load(arena, raw, options);
    }
  }

  private LoadResult load(Arena arena, MemorySegment raw, Set<Load> options) {
    long flags = options.stream().mapToLong(option -> option.flag).reduce(0, (a, b) -> a | b);
    Native.set(raw, C.gradstep_load_options.flags, flags);
    MemorySegment result = Native.struct(arena, C.gradstep_load_result.SIZE);
    handle.use(
        h -> Native.call(arena, "gradstep_optimizer_load_from", h, raw.address(), result.address()));
    return new LoadResult(
        Native.getLong(result, C.gradstep_load_result.loaded_count),
        Native.getLong(result, C.gradstep_load_result.missing_count),
        Native.getLong(result, C.gradstep_load_result.extra_count));
  }

  /** Destroys the optimizer, after the calls that use it. */
  @Override
  public void close() {
    handle.run();
  }
}

// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The groups of an optimizer, its settings and its counts. */
abstract sealed class OptimizerSettings extends Resource permits OptimizerArrays {
  final Map<Long, Tensor> tensors = new ConcurrentHashMap<>();
  final Map<Long, Object> memory = new ConcurrentHashMap<>(); // of the tensors, by the same index

  OptimizerSettings() {}

  long indexOf(Tensor tensor) {
    if (tensor.optimizer != this) {
      throw GradstepException.invalid("the tensor is not in this optimizer");
    }
    return tensor.index;
  }

  void callOptimizer(Scope scope, String what, long... arguments) {
    long[] all = new long[arguments.length + 1];
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    use(
        h -> {
          all[0] = h;
          Library.call(scope, "gradstep_optimizer_" + what, all);
        });
  }

  void callOptimizer(String what, long... arguments) {
    try (Scope scope = new Scope()) {
      callOptimizer(scope, what, arguments);
    }
  }

  /** The counts of the optimizer. */
  public OptimizerInfo info() {
    try (Scope scope = new Scope()) {
      Block raw = scope.struct(C.gradstep_optimizer_info.SIZE);
      callOptimizer(scope, "describe", raw.address());
      return new OptimizerInfo(
          raw.getLong(C.gradstep_optimizer_info.group_count),
          raw.getLong(C.gradstep_optimizer_info.tensor_count),
          raw.getLong(C.gradstep_optimizer_info.step_count),
          raw.getLong(C.gradstep_optimizer_info.skipped_count),
          raw.getDouble(C.gradstep_optimizer_info.grad_norm),
          raw.getLong(C.gradstep_optimizer_info.state_bytes));
    }
  }

  /** What a group is. */
  public GroupInfo info(long group) {
    try (Scope scope = new Scope()) {
      Block raw = scope.struct(C.gradstep_group_info.SIZE);
      return with(
          h -> {
            Library.call(scope, "gradstep_optimizer_describe_group", h, group, raw.address());
            return new GroupInfo(
                raw.textAt(C.gradstep_group_info.name),
                raw.textAt(C.gradstep_group_info.rule_name),
                raw.textAt(C.gradstep_group_info.schedule_name),
                raw.getLong(C.gradstep_group_info.tensor_count),
                raw.getDouble(C.gradstep_group_info.lr),
                raw.getDouble(C.gradstep_group_info.momentum),
                raw.getDouble(C.gradstep_group_info.lr_scale),
                raw.getDouble(C.gradstep_group_info.max_norm),
                raw.getDouble(C.gradstep_group_info.grad_norm));
          });
    }
  }

  /** What a tensor is. */
  public TensorInfo info(Tensor tensor) {
    long index = indexOf(tensor);
    try (Scope scope = new Scope()) {
      Block raw = scope.struct(C.gradstep_tensor_info.SIZE);
      return with(
          h -> {
            Library.call(scope, "gradstep_optimizer_describe_tensor", h, index, raw.address());
            return new TensorInfo(
                raw.textAt(C.gradstep_tensor_info.name),
                raw.getLong(C.gradstep_tensor_info.group),
                raw.getLong(C.gradstep_tensor_info.step_count),
                raw.getLong(C.gradstep_tensor_info.accumulate_count),
                raw.getInt(C.gradstep_tensor_info.is_frozen) != 0,
                raw.getInt(C.gradstep_tensor_info.has_grad) != 0,
                raw.getLong(C.gradstep_tensor_info.average_count));
          });
    }
  }

  /** The index of the group with this name. */
  public long findGroup(String name) {
    return find("find_group", name);
  }

  /** The tensor with this name. */
  public Tensor findTensor(String name) {
    return tensors.get(find("find_tensor", name));
  }

  private long find(String what, String name) {
    try (Scope scope = new Scope()) {
      Block index = scope.block(8);
      callOptimizer(scope, what, scope.text("name", name), index.address());
      return index.getLong(0);
    }
  }

  /** The tensors, in the order of adding. */
  public List<Tensor> tensors() {
    return tensors.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(Map.Entry::getValue)
        .toList();
  }

  /** Replaces all options, from the next step on. */
  public void setOptions(OptimizerOptions options) {
    try (Scope scope = new Scope()) {
      callOptimizer(scope, "set_options", options.in(scope).address());
    }
  }

  /** Removes a group that has no tensors. Its index is not used again. */
  public void removeGroup(long group) {
    callOptimizer("remove_group", group);
  }

  /** Moves a tensor to another group; state that the new rule knows by name goes along. */
  public void move(Tensor tensor, long group) {
    callOptimizer("move_tensor", indexOf(tensor), group);
  }

  /** A frozen tensor takes no part in steps. */
  public void setFrozen(Tensor tensor, boolean isFrozen) {
    callOptimizer("set_frozen", indexOf(tensor), isFrozen ? 1 : 0);
  }

  /** Sets a hyper-parameter of a group's rule; "lr" is the base rate of its schedule. */
  public void set(long group, String name, double value) {
    try (Scope scope = new Scope()) {
      long text = scope.text("name", name);
      callOptimizer(scope, "set_hyperparameter", group, text, Library.bits(value));
    }
  }

  /** The value of a hyper-parameter of a group's rule. */
  public double get(long group, String name) {
    try (Scope scope = new Scope()) {
      Block value = scope.block(8);
      long text = scope.text("name", name);
      callOptimizer(scope, "get_hyperparameter", group, text, value.address());
      return value.getDouble(0);
    }
  }

  /** Replaces a group's schedule, which is copied; null: a constant rate. */
  public void setSchedule(long group, Schedule schedule) {
    if (schedule == null) {
      callOptimizer("set_schedule", group, 0);
    } else {
      schedule.use(address -> callOptimizer("set_schedule", group, address));
    }
  }

  /** Clips a group by the norm of its own gradients; 0: it is not. */
  public void setGroupMaxNorm(long group, double norm) {
    callOptimizer("set_group_max_norm", group, Library.bits(norm));
  }

  /** The learning rate of a group's next step. */
  public double lr(long group) {
    return info(group).lr();
  }

  /** The steps that were not skipped. */
  public long stepCount() {
    return info().stepCount();
  }

  /** The memory of slots and accumulated gradients, in bytes. */
  public long stateBytes() {
    return info().stateBytes();
  }

  /** Sets the number of the optimizer's steps, for a run that another program began. */
  public void setStepCount(long count) {
    callOptimizer("set_step_count", count);
  }

  /** Sets the number of the steps in which a tensor took part. */
  public void setStepCount(Tensor tensor, long count) {
    callOptimizer("set_tensor_step_count", indexOf(tensor), count);
  }
}

// SPDX-License-Identifier: Apache-2.0
package gradstep.djl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.ParameterTracker;
import gradstep.Context;
import gradstep.DType;
import gradstep.GradstepException;
import gradstep.Parameter;
import gradstep.Rule;
import gradstep.State;
import gradstep.Stateless;
import gradstep.StepOptions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A rule of gradstep's as an optimizer of DJL's: {@code GradstepOptimizer.builder("adamw").build()} instead
 * of {@code Optimizer.adamW().build()}.
 *
 * <p>Each update is one step of a parameter, in the memory of its NDArray where DJL gives access to it
 * (dense arrays of PyTorch on the CPU); other arrays are copied to the CPU and back. As DJL's optimizers
 * do for PyTorch, it sets the gradient of the weight to zero afterwards. Updates are counted for each
 * parameter and device by itself. Threads wait for each other.
 *
 * <p>Its state is outside the heap, and freed with the optimizer. {@link #state} and {@link #load} let a run
 * go on elsewhere.
 */
public final class GradstepOptimizer extends Optimizer {
  private final Rule rule;
  private final ParameterTracker learningRateTracker; // null: the rule's lr
  private final Context context;
  private final DType slotDType;
  private final int beginNumUpdate;
  private final Map<Key, ParameterState> states = new HashMap<>();
  private final SavedStates loaded = new SavedStates();

  private record Key(String parameterId, Device device) {}

  private GradstepOptimizer(Builder builder) {
    super(builder);
    rule = builder.rule;
    learningRateTracker = builder.learningRateTracker;
    context = builder.context == null ? Context.shared() : builder.context;
    slotDType = builder.slotDType;
    beginNumUpdate = builder.beginNumUpdate;
  }

  /**
   * Makes the builder of an optimizer.
   *
   * @param rule the name of one of {@link gradstep.Gradstep#rules}, whose hyper-parameters have the defaults
   *     that are told there: PyTorch's. Those of "sgd", "adam" and "adamw" are DJL's too
   * @return a builder
   */
  public static Builder builder(String rule) {
    return new Builder(rule);
  }

  @Override
  public synchronized void update(String parameterId, NDArray weight, NDArray grad) {
    Memory param = Memory.of(weight);
    Key key = new Key(parameterId, weight.getDevice());
    ParameterState known = states.get(key);
    ParameterState state = known == null ? begin(parameterId, weight, param) : known;
    long t = state.count() + 1;
    if (learningRateTracker != null) {
      setLearningRate(learningRateTracker.getNewValue(parameterId, Math.toIntExact(t)));
    }
    Parameter parameter = new Parameter(param.array(), Memory.of(grad).array(), state.state());
    Stateless.apply(context, rule, List.of(parameter), options(t, parameterId));
    states.put(key, new ParameterState(state.state(), t));
    param.writeTo(weight);
    if (weight.hasGradient()) {
      try (NDArray own = weight.getGradient()) {
        own.set(new NDIndex("..."), 0);
      }
    }
  }

  private void setLearningRate(double lr) {
    if (lr != rule.get("lr")) { // a changed rule makes each state check again that it fits
      rule.set("lr", lr);
    }
  }

  private ParameterState begin(String parameterId, NDArray weight, Memory param) {
    State state = new State(rule, Memory.shapeOf(weight), param.array(), slotDType);
    return loaded.take(parameterId, rule.info(), state, beginNumUpdate);
  }

  private StepOptions options(long t, String parameterId) {
    StepOptions options = StepOptions.step(t).seed(parameterId.hashCode()).gradScale(rescaleGrad);
    return clipGrad < 0 ? options : options.maxValue(clipGrad);
  }

  /**
   * Tells the updates that a parameter has had.
   *
   * @param parameterId as in update
   * @return the number on the device that has had most; beginNumUpdate counts too
   */
  public synchronized long getUpdateCount(String parameterId) {
    return states.entrySet().stream()
        .filter(entry -> entry.getKey().parameterId().equals(parameterId))
        .mapToLong(entry -> entry.getValue().count())
        .max()
        .orElse(beginNumUpdate);
  }

  /**
   * Gives the state of a parameter.
   *
   * @param parameterId as in update
   * @param device of the weight
   * @return the state, whose slots can be read and written; null before the first update
   */
  public synchronized State getState(String parameterId, Device device) {
    ParameterState state = states.get(new Key(parameterId, device));
    return state == null ? null : state.state();
  }

  /**
   * Copies the state of all parameters: what {@code NDList.encode} can write to a file.
   *
   * @param manager of the arrays
   * @return arrays named {@code <parameterId>.<slot>}, {@code <parameterId>.scalars} and
   *     {@code <parameterId>.step}. Of several devices' states, which are equal, it has one
   */
  public synchronized NDList state(NDManager manager) {
    NDList arrays = new NDList();
    Map<String, ParameterState> byId = new TreeMap<>();
    states.forEach((key, state) -> byId.putIfAbsent(key.parameterId(), state));
    byId.forEach((id, state) -> SavedStates.add(arrays, manager, id, state));
    return arrays;
  }

  /**
   * Replaces the state of all parameters by what {@link #state} has given to an optimizer with the same rule.
   * Each parameter takes its part at its next update; one that has none begins afresh.
   *
   * @param arrays as {@link #state} gives them; they are copied
   */
  public synchronized void load(NDList arrays) {
    loaded.replace(arrays, rule.info());
    states.clear();
  }

  /** Makes a {@link GradstepOptimizer}, with the methods that DJL's builders have. */
  public static final class Builder extends OptimizerBuilder<Builder> {
    private final Rule rule;
    private ParameterTracker learningRateTracker;
    private Context context;
    private DType slotDType;
    private int beginNumUpdate;

    private Builder(String name) {
      rule = new Rule(name);
      if (State.sharedScalars(rule).length > 0) {
        rule.close();
        throw new IllegalArgumentException(
            name + " sums over all parameters, and DJL updates them one by one; use another rule");
      }
    }

    @Override
    protected Builder self() {
      return this;
    }

    /**
     * Sets a hyper-parameter of the rule.
     *
     * @param name one of those that {@link gradstep.Gradstep#rule} tells
     * @param value within its bounds; a flag is 0 or 1
     * @return this builder
     */
    public Builder opt(String name, double value) {
      rule.set(name, value);
      return this;
    }

    /**
     * Sets the course of the learning rate.
     *
     * @param tracker gets the updates of the parameter, counted from 1
     * @return this builder
     */
    public Builder optLearningRateTracker(ParameterTracker tracker) {
      learningRateTracker = tracker;
      return this;
    }

    /**
     * Sets the dtype that is wanted for slots.
     *
     * @param dtype BFLOAT16 halves the memory of the state
     * @return this builder
     */
    public Builder optSlotDType(DType dtype) {
      slotDType = dtype;
      return this;
    }

    /**
     * Sets the threads of the steps.
     *
     * @param context stays open as long as the optimizer is used
     * @return this builder
     */
    public Builder optContext(Context context) {
      this.context = context;
      return this;
    }

    @Override
    public Builder optWeightDecays(float weightDecays) {
      super.optWeightDecays(weightDecays);
      return opt("weight_decay", weightDecays);
    }

    @Override
    public Builder optBeginNumUpdate(int beginNumUpdate) {
      super.optBeginNumUpdate(beginNumUpdate);
      this.beginNumUpdate = beginNumUpdate;
      return this;
    }

    /**
     * Builds the optimizer. A builder builds one, whose rule is its own.
     *
     * @return the optimizer
     * @throws GradstepException if the hyper-parameters do not go together
     */
    public GradstepOptimizer build() {
      rule.check();
      return new GradstepOptimizer(this);
    }
  }
}

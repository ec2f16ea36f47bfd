// SPDX-License-Identifier: Apache-2.0
package gradstep.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.Batchifier;
import gradstep.DType;
import gradstep.GradstepException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GradstepOptimizerTest {
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  /** A small network after some steps: its params, one after another. */
  private static float[] train(Optimizer optimizer, int steps) {
    SequentialBlock block =
        new SequentialBlock()
            .add(Linear.builder().setUnits(8).build())
            .add(Activation::tanh)
            .add(Linear.builder().setUnits(4).build());
    DefaultTrainingConfig config =
        new DefaultTrainingConfig(Loss.l2Loss()).optOptimizer(optimizer);
    try (Model model = Model.newInstance("model")) {
      model.setBlock(block);
      try (Trainer trainer = model.newTrainer(config)) {
        trainer.initialize(new Shape(16, 4));
        start(block);
        for (int step = 0; step < steps; step++) {
          NDManager manager = trainer.getManager();
          NDArray data = manager.arange(64f).reshape(16, 4).sin();
          Batch batch =
              new Batch(
                  manager.newSubManager(),
                  new NDList(data),
                  new NDList(data.mul(2).add(step % 3)),
                  16,
                  Batchifier.STACK,
                  Batchifier.STACK,
                  0,
                  0);
          EasyTrain.trainBatch(trainer, batch);
          trainer.step();
          batch.close();
        }
        return params(block);
      }
    }
  }

  /** The same numbers for every optimizer. */
  private static void start(Block block) {
    for (var pair : block.getParameters()) {
      NDArray param = pair.getValue().getArray();
      float[] numbers = new float[(int) param.size()];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = ((37 * i) % 201 - 100) / 256f;
      }
      param.toByteBuffer(true).asFloatBuffer().put(numbers);
    }
  }

  private static float[] params(Block block) {
    List<Float> all = new ArrayList<>();
    for (var pair : block.getParameters()) {
      for (float x : pair.getValue().getArray().toFloatArray()) {
        all.add(x);
      }
    }
    float[] numbers = new float[all.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = all.get(i);
    }
    return numbers;
  }

  private static void expectSame(Optimizer wanted, Optimizer got) {
    float[] params = train(wanted, 60);
    assertTrue(Math.abs(params[0] + 100 / 256f) > 0.01, "it has not moved");
    assertArrayEquals(params, train(got, 60), 2e-5f);
  }

  @Test
  void trainsAsDjlsOwn() {
    expectSame(
        Optimizer.adam().optWeightDecays(0.1f).build(),
        GradstepOptimizer.builder("adam").optWeightDecays(0.1f).build());
    expectSame(Optimizer.adamW().build(), GradstepOptimizer.builder("adamw").build());
    expectSame(
        Optimizer.adamW().optLearningRateTracker(halved()).optWeightDecays(0.2f).build(),
        GradstepOptimizer.builder("adamw")
            .optLearningRateTracker(halved())
            .optWeightDecays(0.2f)
            .build());
    expectSame(
        Optimizer.sgd()
            .setLearningRateTracker(Tracker.fixed(0.01f))
            .optMomentum(0.9f)
            .optWeightDecays(0.01f)
            .setRescaleGrad(0.5f)
            .build(),
        GradstepOptimizer.builder("sgd")
            .optLearningRateTracker(Tracker.fixed(0.01f))
            .opt("momentum", 0.9)
            .optWeightDecays(0.01f)
            .setRescaleGrad(0.5f)
            .build());
  }

  private static Tracker halved() {
    return Tracker.multiFactor()
        .setBaseValue(0.02f)
        .setSteps(new int[] {10, 30})
        .optFactor(0.5f)
        .build();
  }

  private static GradstepOptimizer plain() {
    return GradstepOptimizer.builder("sgd").opt("lr", 0.5).build();
  }

  @Test
  void everyDenseArrayIsUpdated() {
    NDArray direct = manager.create(new float[] {1, 2});
    plain().update("w", direct, manager.create(new float[] {1, 1}));
    assertArrayEquals(new float[] {0.5f, 1.5f}, direct.toFloatArray());
    NDArray base = manager.create(new float[] {1, 2, 3, 4}, new Shape(2, 2));
    NDArray grad = manager.create(new float[] {0, 1, 2, 3}, new Shape(2, 2)).transpose();
    plain().update("w", base.transpose(), grad); // a view without a buffer of its own
    assertArrayEquals(new float[] {1, 1.5f, 2, 2.5f}, base.toFloatArray());
    NDArray wide = manager.create(new double[] {1});
    plain().update("w", wide, manager.create(new float[] {1}));
    assertArrayEquals(new double[] {0.5}, wide.toDoubleArray());
    NDArray narrow = manager.create(new float[] {1}).toType(DataType.FLOAT16, true);
    plain().update("w", narrow, manager.create(new float[] {1}));
    assertEquals(0.5f, narrow.toType(DataType.FLOAT32, true).getFloat());
    plain().update("w", manager.create(new float[0]), manager.create(new float[0]));
  }

  @Test
  void theGradientOfTheWeightIsZeroAfterwards() {
    NDArray weight = manager.create(new float[] {3});
    weight.setRequiresGradient(true);
    try (var collector = weight.getManager().getEngine().newGradientCollector()) {
      collector.backward(weight.mul(weight));
    }
    plain().update("w", weight, weight.getGradient());
    assertEquals(0, weight.toFloatArray()[0]); // 3 - 0.5 * 6
    assertEquals(0, weight.getGradient().toFloatArray()[0]);
  }

  @Test
  void gradientsAreScaledAndClipped() {
    NDArray weight = manager.create(new float[3]);
    GradstepOptimizer.builder("sgd").opt("lr", 1).setRescaleGrad(2).optClipGrad(3).build()
        .update("w", weight, manager.create(new float[] {1, -1, -9}));
    assertArrayEquals(new float[] {-2, 2, 3}, weight.toFloatArray());
  }

  @Test
  void updatesAreCountedForEachParameter() {
    List<Integer> seen = new ArrayList<>();
    GradstepOptimizer optimizer =
        GradstepOptimizer.builder("adam")
            .optLearningRateTracker(
                (id, count) -> {
                  seen.add(count);
                  return 0.1f;
                })
            .optBeginNumUpdate(10)
            .build();
    NDArray one = manager.create(new float[1]);
    NDArray two = manager.create(new float[1]);
    NDArray grad = manager.create(new float[] {1});
    optimizer.update("one", one, grad);
    optimizer.update("one", one, grad);
    optimizer.update("two", two, grad);
    assertEquals(List.of(11, 12, 11), seen);
    assertEquals(12, optimizer.getUpdateCount("one"));
    assertEquals(10, optimizer.getUpdateCount("three"));
  }

  @Test
  void aRunGoesOnElsewhere() throws Exception {
    NDArray grad = manager.create(new float[5000]).add(0.25f);
    NDArray whole = manager.create(new float[5000]);
    NDArray inParts = manager.create(new float[5000]);
    GradstepOptimizer first = nadam();
    GradstepOptimizer uninterrupted = nadam();
    for (int i = 0; i < 3; i++) {
      uninterrupted.update("a.w", whole, grad);
      first.update("a.w", inParts, grad);
    }
    byte[] saved = first.state(manager).encode();
    GradstepOptimizer second = nadam();
    second.load(NDList.decode(manager, saved));
    for (int i = 0; i < 3; i++) {
      uninterrupted.update("a.w", whole, grad);
      second.update("a.w", inParts, grad);
    }
    assertArrayEquals(whole.toFloatArray(), inParts.toFloatArray());
    assertEquals(6, second.getUpdateCount("a.w"));
    assertNull(second.getState("other", whole.getDevice()));
    NDList other = new NDList(manager.create(new float[1]));
    other.get(0).setName("a.w.momentum_buffer");
    String sentence =
        assertThrows(IllegalArgumentException.class, () -> second.load(other)).getMessage();
    assertTrue(sentence.contains("momentum_buffer") && sentence.contains("nadam"), sentence);
    assertEquals(6, second.getUpdateCount("a.w"));
  }

  private static GradstepOptimizer nadam() {
    return GradstepOptimizer.builder("nadam").optSlotDType(DType.BFLOAT16).build();
  }

  @Test
  void wrongUseIsAnException() {
    assertThrows(GradstepException.class, () -> GradstepOptimizer.builder("adamm"));
    assertThrows(IllegalArgumentException.class, () -> GradstepOptimizer.builder("prodigy"));
    GradstepOptimizer.Builder nesterov = GradstepOptimizer.builder("sgd").opt("nesterov", 1);
    assertThrows(GradstepException.class, nesterov::build);
    NDArray weight = manager.create(new float[2]);
    NDArray integers = manager.create(new int[2]);
    String sentence =
        assertThrows(IllegalArgumentException.class, () -> plain().update("w", integers, weight))
            .getMessage();
    assertTrue(sentence.contains("int32"), sentence);
    GradstepOptimizer optimizer = plain();
    assertThrows(
        GradstepException.class,
        () -> optimizer.update("w", weight, manager.create(new float[3])));
    assertEquals(0, optimizer.getUpdateCount("w"));
  }
}

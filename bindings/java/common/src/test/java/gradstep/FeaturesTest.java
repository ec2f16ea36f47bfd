// SPDX-License-Identifier: Apache-2.0
package gradstep;

import static gradstep.GradstepException.Kind.UNSUPPORTED;
import static gradstep.Tests.array;
import static gradstep.Tests.expectFailure;
import static gradstep.Tests.expectInvalid;
import static gradstep.Tests.fill;
import static gradstep.Tests.sgd;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What rules, schedules and optimizers can do beside stepping. */
class FeaturesTest {
  @Test
  void theLibraryTellsWhatThereIs() {
    assertEquals(C.VERSION, Gradstep.version());
    assertTrue(Gradstep.instructionSets().contains("baseline"));
    assertTrue(Gradstep.rules().size() >= 11);
    for (Gradstep.RuleInfo info : Gradstep.rules()) {
      assertFalse(info.formula().isEmpty() || info.source().isEmpty(), info.name());
      try (Rule rule = new Rule(info.name())) {
        rule.check();
        assertEquals(info, rule.info());
        for (Gradstep.Hyperparameter each : info.hyperparameters()) {
          assertEquals(each.defaultValue(), rule.get(each.name()), each.name());
        }
      }
    }
    assertTrue(Gradstep.rule("adamw").slots().contains("exp_avg"));
    assertTrue(Gradstep.rule("prodigy").scalars().contains("d"));
    assertTrue(Gradstep.schedules().stream().noneMatch(s -> s.hyperparameters().isEmpty()));
  }

  @Test
  void schedulesFollowEachOther() {
    try (Schedule steps = new Schedule("multistep").setList("milestones", 2, 4);
        Schedule cosine = new Schedule("cosine").set("total_steps", 10);
        Schedule both = Schedule.sequence(List.of(cosine, steps), 5, 0)) {
      assertEquals(0.1, steps.lr(0.1, 0));
      assertTrue(steps.lr(0.1, 5) < 0.01);
      assertEquals(cosine.lr(0.1, 3), both.lr(0.1, 3));
      assertEquals(0.1, both.lr(0.1, 5));
      assertEquals(steps.lr(0.1, 3), both.lr(0.1, 8));
      expectInvalid("1 parts and 0 lengths", () -> Schedule.sequence(List.of(cosine)));
      expectFailure(UNSUPPORTED, "momentum", () -> both.momentum(0));
    }
  }

  @Test
  void averagesCopiesAndZeroedGradients() {
    OptimizerOptions options = new OptimizerOptions().averageDecay(0.5).zeroGrad();
    Tensor tensor = Tensor.of(1.0, 1.0, 1.0).withAverage();
    Tensor narrow = Tensor.of(1f).withAverage().withCopy(DType.BFLOAT16);
    try (Optimizer optimizer = sgd(options, 0.5, tensor)) {
      optimizer.add(0, "narrow", narrow);
      for (int step = 0; step < 2; step++) {
        tensor.gradDoubles().put(new double[] {1, 1, 1});
        narrow.gradFloats().put(0, 0.5f);
        optimizer.step();
      }
      assertArrayEquals(new double[3], optimizer.read(tensor, "param"));
      assertEquals(0, tensor.gradDoubles().get(2));
      assertEquals(0.25, tensor.averageDoubles().get(2));
      assertEquals(0.625f, narrow.averageFloats().get(0));
      assertEquals(0x3f00, narrow.copyShorts().get(0)); // 0.5
      assertEquals(2, optimizer.info(tensor).averageCount());
      optimizer.startAverage(tensor);
      assertEquals(0, tensor.averageDoubles().get(2));
    }
  }

  @Test
  void frozenTensorsAndTensorsWithoutGradientStay() {
    Tensor tensor = Tensor.of(1f, 1f, 1f);
    try (Optimizer optimizer = sgd(new OptimizerOptions(), 0.5, tensor)) {
      fill(tensor.gradFloats(), 1);
      optimizer.setFrozen(tensor, true);
      optimizer.step();
      optimizer.setFrozen(tensor, false);
      optimizer.setHasGrad(tensor, false);
      optimizer.step();
      assertArrayEquals(new float[] {1, 1, 1}, array(tensor.floats()));
      assertFalse(optimizer.info(tensor).hasGrad());
      optimizer.setHasGrad(tensor, true);
      optimizer.accumulate(tensor, 2);
      assertEquals(1, optimizer.info(tensor).accumulateCount());
      optimizer.step();
      assertArrayEquals(new float[3], array(tensor.floats()));
    }
  }

  @Test
  void groupsAreChanged() {
    Tensor tensor = Tensor.of(1f);
    try (Optimizer optimizer = sgd(new OptimizerOptions(), 0.5, tensor);
        Rule adam = new Rule("adam").set("lr", 0.25);
        Schedule cosine = new Schedule("cosine").set("total_steps", 10)) {
      long other = optimizer.addGroup("other", new GroupOptions(adam).lrScale(0.5).maxNorm(2));
      assertEquals(0.125, optimizer.lr(other));
      assertEquals(2, optimizer.info(other).maxNorm());
      optimizer.setGroupMaxNorm(other, 0);
      optimizer.set(other, "lr", 0.5);
      assertEquals(0.5, optimizer.get(other, "lr"));
      optimizer.setSchedule(other, cosine);
      optimizer.setStepCount(10);
      assertEquals(0, optimizer.lr(other), 1e-12);
      assertEquals("cosine", optimizer.info(other).schedule());
      optimizer.setSchedule(other, null);
      assertNull(optimizer.info(other).schedule());
      assertEquals(other, optimizer.findGroup("other"));
      assertSame(tensor, optimizer.findTensor("w"));
      optimizer.move(tensor, other);
      assertEquals(other, optimizer.info(tensor).group());
      optimizer.removeGroup(0);
      assertEquals(1, optimizer.info().groupCount());
      optimizer.write(tensor, "exp_avg", 4);
      optimizer.setStepCount(tensor, 7);
      assertArrayEquals(new double[] {4}, optimizer.read(tensor, "exp_avg"));
      assertEquals(7, optimizer.info(tensor).stepCount());
    }
  }

  @Test
  void rulesHaveScalarsAndTransforms() {
    Tensor tensor = Tensor.of(1f);
    try (Rule prodigy = new Rule("prodigy");
        Rule free = new Rule("schedule_free_adamw");
        Optimizer optimizer = Tests.optimizer(new OptimizerOptions(), prodigy, tensor);
        Optimizer evaluated = Tests.optimizer(new OptimizerOptions(), free, Tensor.of(1f))) {
      optimizer.setScalar(tensor, "d", 0.5);
      assertEquals(0.5, optimizer.scalar(tensor, "d"));
      evaluated.transform(0, "evaluate");
      expectFailure(GradstepException.Kind.WRONG_ORDER, "", evaluated::step);
      evaluated.transform(0, "train");
      evaluated.step();
    }
  }

  @Test
  void plateausNotesAndLossScalersAreInCheckpoints() {
    Tensor tensor = Tensor.of(1f, 1f);
    try (Optimizer optimizer = sgd(new OptimizerOptions(), 0.5, tensor);
        Optimizer other = sgd(new OptimizerOptions(), 0.5, Tensor.of(1f, 1f))) {
      optimizer.setPlateau(0, new Plateau(0.5).patience(0));
      optimizer.setLossScaler(new LossScaler().scale(8).growthInterval(1));
      optimizer.setNote("epoch", "7");
      optimizer.setNote("größe", "ä".repeat(1 << 19)); // the longest text
      optimizer.setNote("away", "");
      assertEquals("", optimizer.note("away"));
      optimizer.setNote("away", null);
      assertEquals(0, optimizer.reportMetric(1));
      assertEquals(1, optimizer.reportMetric(2));
      other.load(optimizer.saveBytes(false), Set.of());
      assertEquals(List.of("epoch", "größe"), other.noteNames());
      assertEquals("7", other.note("epoch"));
      assertEquals(1 << 19, other.note("größe").length());
      expectFailure(GradstepException.Kind.UNKNOWN_NAME, "epoch", () -> other.note("epochs"));
      assertEquals(8, other.lossScaler().scale());
      assertEquals(0.05, other.lr(0));
      assertEquals(0.05, other.plateau(0).lr());
      tensor.gradFloats().put(0, 8).put(1, Float.NaN);
      assertTrue(optimizer.step().isSkipped());
      assertEquals(4, optimizer.lossScaler().scale());
      tensor.gradFloats().put(1, 0);
      optimizer.step();
      assertEquals(0.9f, tensor.floats().get(0)); // 8 / 4 at the rate 0.05
      optimizer.setLossScaler(null);
      optimizer.setPlateau(0, null);
      expectFailure(UNSUPPORTED, "loss scaler", optimizer::lossScaler);
      expectFailure(UNSUPPORTED, "plateau", () -> optimizer.plateau(0));
    }
  }

  @Test
  void plateausAndLossScalersAlone() {
    Plateau plateau = new Plateau(1).factor(0.5).patience(1).threshold(0, true).minLr(0.4).maximizes();
    assertFalse(plateau.report(3));
    assertFalse(plateau.report(2));
    assertTrue(plateau.cooldown(1).report(2));
    assertEquals(0.5, plateau.lr());
    LossScaler scaler = new LossScaler().growthFactor(4).backoffFactor(0.25).growthInterval(2);
    assertEquals(65536, scaler.scale());
    scaler.update(true);
    assertEquals(16384, scaler.scale());
    scaler.update(false);
    scaler.update(false);
    assertEquals(65536, scaler.scale());
    scaler.backoffFactor(2);
    expectFailure(GradstepException.Kind.OUT_OF_RANGE, "backoff_factor", () -> scaler.update(true));
  }
}

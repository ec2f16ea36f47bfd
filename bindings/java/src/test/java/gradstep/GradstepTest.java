// SPDX-License-Identifier: Apache-2.0
package gradstep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class GradstepTest {
  private static void expectFailure(GradstepException.Kind kind, String words, Executable call) {
    GradstepException e = assertThrows(GradstepException.class, call);
    assertEquals(kind, e.kind(), e.getMessage());
    assertTrue(e.getMessage().contains(words), e.getMessage());
  }

  private static Optimizer withTensor(Tensor tensor) {
    Optimizer optimizer = new Optimizer();
    try (Rule rule = new Rule("adamw")) {
      optimizer.add(optimizer.addGroup("all", new GroupOptions(rule)), "w", tensor);
    }
    return optimizer;
  }

  /** The run of bindings/README.md. */
  @Test
  void theCheckpointIsThatOfEveryLanguage(@TempDir Path folder) throws Exception {
    boolean isX86 = System.getProperty("os.arch").equals("amd64");
    assumeFalse(isX86 && Context.shared().isa().equals("baseline"), "other bits without fma");
    try (Rule adamw = new Rule("adamw").set("lr", 0.01).set("weight_decay", 0.1);
        Rule sgd = new Rule("sgd").set("lr", 0.05).set("momentum", 0.9).set("nesterov", 1);
        Schedule cosine = new Schedule("cosine").set("total_steps", 300).set("warmup_steps", 20);
        Optimizer optimizer =
            new Optimizer(Context.shared(), new OptimizerOptions().maxNorm(1).seed(7))) {
      GroupOptions options = new GroupOptions(adamw).schedule(cosine).slotDType(DType.BFLOAT16);
      long matrices = optimizer.addGroup("matrices", options);
      long rest = optimizer.addGroup("rest", new GroupOptions(sgd));
      List<Tensor> tensors =
          List.of(
              Tensor.matrix(64, 48, DType.FLOAT32, DType.FLOAT32),
              Tensor.flat(100, DType.FLOAT32, DType.FLOAT32));
      for (int k = 0; k < 2; k++) {
        FloatBuffer param = tensors.get(k).floats();
        for (int i = 0; i < param.capacity(); i++) {
          param.put(i, ((37 * i + 11 * k) % 201 - 100) / 128f);
        }
      }
      optimizer.add(matrices, "embedding", tensors.get(0));
      optimizer.add(rest, "bias", tensors.get(1));
      for (int t = 1; t <= 300; t++) {
        for (int k = 0; k < 2; k++) {
          FloatBuffer grad = tensors.get(k).gradFloats();
          for (int i = 0; i < grad.capacity(); i++) {
            grad.put(i, ((i + 1) * (t + 3 * k + 1) % 127 - 63) / 64f);
          }
        }
        assertFalse(optimizer.step().isSkipped());
      }
      byte[] saved = optimizer.saveBytes(true);
      String digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(saved));
      assertEquals(Files.readString(Path.of("../same_run.sha256")).strip(), digest);
      Path file = folder.resolve("run.safetensors");
      optimizer.save(file, true);
      assertEquals(2, optimizer.load(file, Set.of(Optimizer.Load.PARAMS)).loaded());
      assertEquals(2, optimizer.load(saved, Set.of()).loaded());
      assertEquals(300, optimizer.stepCount());
    }
  }

  @Test
  void theLibraryTellsWhatThereIs() {
    assertEquals(C.VERSION, Gradstep.version());
    assertTrue(Gradstep.rules().size() >= 11);
    assertTrue(Gradstep.rule("adamw").slots().contains("exp_avg"));
    assertTrue(Gradstep.rules().stream().noneMatch(rule -> rule.formula().isEmpty()));
    assertTrue(Gradstep.schedules().stream().noneMatch(s -> s.hyperparameters().isEmpty()));
    assertTrue(Gradstep.instructionSets().contains("baseline"));
    try (Schedule schedule = new Schedule("multistep").setList("milestones", 2, 4)) {
      assertEquals(0.1, schedule.lr(0.1, 0));
      assertTrue(schedule.lr(0.1, 5) < 0.01);
    }
  }

  @Test
  void wrongArgumentsAreExceptions() {
    expectFailure(GradstepException.Kind.UNKNOWN_NAME, "adam", () -> new Rule("adamm"));
    expectFailure(GradstepException.Kind.INVALID_ARGUMENT, "zero byte", () -> new Rule("ada\0m"));
    expectFailure(GradstepException.Kind.UNKNOWN_NAME, "mmx", () -> new Context(1, "mmx"));
    expectFailure(
        GradstepException.Kind.INVALID_ARGUMENT, "count is -1", () -> Tensor.flat(-1, DType.FLOAT32, DType.FLOAT32));
    Tensor tensor = Tensor.of(1, 2, 3f);
    expectFailure(GradstepException.Kind.INVALID_ARGUMENT, "FLOAT32", tensor::doubles);
    try (Rule rule = new Rule("adamw");
        Optimizer optimizer = withTensor(tensor);
        Optimizer other = new Optimizer()) {
      expectFailure(GradstepException.Kind.OUT_OF_RANGE, "beta1", () -> rule.set("beta1", 1.5));
      GroupOptions again = new GroupOptions(rule);
      expectFailure(GradstepException.Kind.INVALID_ARGUMENT, "all", () -> optimizer.addGroup("all", again));
      expectFailure(GradstepException.Kind.INVALID_ARGUMENT, "already", () -> other.add(0, "w", tensor));
      expectFailure(GradstepException.Kind.INVALID_ARGUMENT, "not in", () -> other.remove(tensor));
      expectFailure(
          GradstepException.Kind.UNKNOWN_NAME, "exp_avg", () -> optimizer.read(tensor, "exp_avgg"));
      expectFailure(
          GradstepException.Kind.OUT_OF_RANGE, "group", () -> optimizer.add(5, "v", Tensor.of(1f)));
      byte[] saved = optimizer.saveBytes(true);
      saved[saved.length - 1] ^= 1;
      expectFailure(
          GradstepException.Kind.CORRUPT, "", () -> optimizer.load(saved, Set.of(Optimizer.Load.PARAMS)));
      expectFailure(
          GradstepException.Kind.IO_ERROR, "/nowhere", () -> optimizer.load(Path.of("/nowhere"), Set.of()));
      optimizer.remove(tensor);
      expectFailure(GradstepException.Kind.INVALID_ARGUMENT, "not in", () -> optimizer.remove(tensor));
    }
  }

  @Test
  void whatIsClosedIsAnException() {
    Tensor tensor = Tensor.of(1f, 2f);
    Optimizer optimizer = withTensor(tensor);
    optimizer.close();
    optimizer.close();
    expectFailure(GradstepException.Kind.CLOSED, "optimizer", optimizer::step);
    tensor.floats().put(0, 5); // the memory stays as long as somebody has it
    Rule rule = new Rule("sgd");
    rule.close();
    expectFailure(GradstepException.Kind.CLOSED, "rule", () -> rule.get("lr"));
    try (Context context = new Context(2, null);
        Optimizer used = new Optimizer(context, new OptimizerOptions())) {
      context.close(); // it stays as long as an optimizer uses it
      used.step();
      expectFailure(
          GradstepException.Kind.CLOSED,
          "context",
          () -> new Optimizer(context, new OptimizerOptions()).close());
    }
  }

  @Test
  void buffersOutliveTheirOptimizer() {
    FloatBuffer param = Tensor.of(new float[1000]).floats();
    withTensor(Tensor.of(new float[1000])); // left to the garbage collector
    for (int i = 0; i < 5; i++) {
      System.gc();
      param.put(i, 1);
    }
    assertEquals(1, param.get(4));
  }

  @Test
  void aThousandVirtualThreads() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < 1000; i++) {
        String name = "rule_" + i;
        all.add(
            threads.submit(
                () -> {
                  expectFailure(GradstepException.Kind.UNKNOWN_NAME, name, () -> new Rule(name));
                  Tensor tensor = Tensor.of(0f, 0f);
                  tensor.gradFloats().put(0, 1);
                  try (Optimizer optimizer = withTensor(tensor)) {
                    optimizer.step();
                  }
                  assertTrue(tensor.floats().get(0) < 0 && tensor.floats().get(1) == 0);
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
    }
    Tensor tensor = Tensor.of(new float[64]);
    try (Optimizer optimizer = withTensor(tensor);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        all.add(threads.submit(() -> optimizer.step()));
      }
      for (Future<?> each : all) {
        each.get();
      }
      assertEquals(100, optimizer.stepCount());
    }
  }

  private static long residentBytes() throws Exception {
    return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]) * 4096;
  }

  @Test
  void manyObjectsLeaveNoMemoryBehind() throws Exception {
    long before = 0;
    for (int i = 0; i < 120_000; i++) {
      if (i == 20_000) {
        System.gc();
        before = residentBytes();
      }
      Optimizer optimizer = withTensor(Tensor.of(new float[64]));
      optimizer.step();
      optimizer.close();
    }
    System.gc();
    long more = residentBytes() - before;
    assertTrue(more < 256 << 20, more + " bytes more");
  }
}

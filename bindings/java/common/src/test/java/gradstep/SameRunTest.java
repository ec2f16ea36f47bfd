// SPDX-License-Identifier: Apache-2.0
package gradstep;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The run that every language's package makes: bindings/README.md. */
class SameRunTest {
  private static Optimizer model() {
    try (Rule adamw = new Rule("adamw").set("lr", 0.01).set("weight_decay", 0.1);
        Rule sgd = new Rule("sgd").set("lr", 0.05).set("momentum", 0.9).set("nesterov", 1);
        Schedule cosine = new Schedule("cosine").set("total_steps", 300).set("warmup_steps", 20)) {
      Optimizer optimizer =
          new Optimizer(Context.shared(), new OptimizerOptions().maxNorm(1).seed(7));
      GroupOptions options = new GroupOptions(adamw).schedule(cosine).slotDType(DType.BFLOAT16);
      long matrices = optimizer.addGroup("matrices", options);
      long rest = optimizer.addGroup("rest", new GroupOptions(sgd));
      optimizer.add(matrices, "embedding", Tensor.zeros(Shape.matrix(64, 48)));
      optimizer.add(rest, "bias", Tensor.zeros(Shape.flat(100)));
      List<Tensor> tensors = optimizer.tensors();
      for (int k = 0; k < 2; k++) {
        FloatBuffer param = tensors.get(k).floats();
        for (int i = 0; i < param.capacity(); i++) {
          param.put(i, ((37 * i + 11 * k) % 201 - 100) / 128f);
        }
      }
      return optimizer;
    }
  }

  private static void run(Optimizer optimizer, int first, int last) {
    List<Tensor> tensors = optimizer.tensors();
    for (int t = first; t <= last; t++) {
      for (int k = 0; k < 2; k++) {
        FloatBuffer grad = tensors.get(k).gradFloats();
        for (int i = 0; i < grad.capacity(); i++) {
          grad.put(i, ((i + 1) * (t + 3 * k + 1) % 127 - 63) / 64f);
        }
      }
      assertFalse(optimizer.step().isSkipped());
    }
  }

  @Test
  void theCheckpointIsThatOfEveryLanguage(@TempDir Path folder) throws Exception {
    boolean isX86 = System.getProperty("os.arch").equals("amd64");
    assumeFalse(isX86 && Context.shared().isa().equals("baseline"), "other bits without fma");
    try (Optimizer whole = model();
        Optimizer first = model();
        Optimizer second = model()) {
      run(whole, 1, 300);
      byte[] saved = whole.saveBytes(true);
      String digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(saved));
      assertEquals(Files.readString(Path.of("../../same_run.sha256")).strip(), digest);

      // A run that was interrupted goes on to the same bits, from a file too.
      run(first, 1, 100);
      Path file = folder.resolve("run.safetensors");
      first.save(file, true);
      assertEquals(2, second.load(file, Set.of(Load.PARAMS)).loaded());
      run(second, 101, 300);
      assertArrayEquals(saved, second.saveBytes(true));
      assertEquals(300, second.stepCount());
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package gradstep.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.optimizer.Optimizer;
import gradstep.Context;
import gradstep.ContextOptions;
import gradstep.DType;
import gradstep.GroupOptions;
import gradstep.Rule;
import gradstep.Shape;
import gradstep.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Benchmark MODEL THREADS: the time of DJL's Adam and of gradstep's, in turn, for all parameters of a model
 * (small, medium or large). DJL's threads are those of OMP_NUM_THREADS.
 */
public final class Benchmark {
  private Benchmark() {}

  private record Model(int tensors, int count, int repetitions, int steps) {}

  private static Model model(String name) {
    return switch (name) {
      case "small" -> new Model(100, 4096, 15, 50);
      case "medium" -> new Model(8, 1 << 20, 7, 4);
      case "large" -> new Model(1, 1 << 26, 3, 1);
      default -> throw new IllegalArgumentException("model is " + name + "; small, medium or large");
    };
  }

  private static NDArray[] arrays(NDManager manager, Model model, int seed) {
    return IntStream.range(0, model.tensors)
        .mapToObj(
            k -> {
              NDArray array = manager.create(new ai.djl.ndarray.types.Shape(model.count));
              var floats = array.toByteBuffer(true).asFloatBuffer();
              for (int i = 0; i < model.count; i++) {
                floats.put(i, ((37L * i + 11 * k + seed) % 201 - 100) / 128f);
              }
              return array;
            })
        .toArray(NDArray[]::new);
  }

  private static double milliseconds(
      Optimizer optimizer, Model model, NDArray[] params, NDArray[] grads) {
    long begin = System.nanoTime();
    for (int step = 0; step < model.steps; step++) {
      for (int k = 0; k < model.tensors; k++) {
        optimizer.update("p" + k, params[k], grads[k]);
      }
    }
    return (System.nanoTime() - begin) / 1e6 / model.steps;
  }

  private static double median(double[] times) {
    double[] sorted = Arrays.stream(times).skip(1).sorted().toArray(); // the first warms up
    return sorted[sorted.length / 2];
  }

  private static void expectSame(NDArray[] wanted, NDArray[] got) {
    for (int k = 0; k < wanted.length; k++) {
      var a = wanted[k].toByteBuffer(true).asFloatBuffer();
      var b = got[k].toByteBuffer(true).asFloatBuffer();
      for (int i = 0; i < a.capacity(); i++) {
        double difference = Math.abs(a.get(i) - b.get(i));
        if (difference > 1e-3 * Math.max(Math.abs(a.get(i)), 1e-2)) {
          throw new IllegalStateException(
              "params differ: " + a.get(i) + " and " + b.get(i) + " at " + k + ", " + i);
        }
      }
    }
  }

  private static double bytesPerParam(DType slots, int count) {
    try (Rule adam = new Rule("adam");
        gradstep.Optimizer optimizer = new gradstep.Optimizer()) {
      long group = optimizer.addGroup("all", new GroupOptions(adam).slotDType(slots));
      optimizer.add(group, "p", Tensor.zeros(Shape.flat(count)));
      return (double) optimizer.stateBytes() / count;
    }
  }

  public static void main(String[] arguments) {
    String name = arguments[0];
    int threads = Integer.parseInt(arguments[1]);
    Model model = model(name);
    System.out.printf(
        "bytes of state per param: DJL 8, gradstep %.2f (FLOAT32), %.2f (BFLOAT16), %.2f (S1E4M3_B256 and E5M3_B256)%n",
        bytesPerParam(null, model.count),
        bytesPerParam(DType.BFLOAT16, model.count),
        bytesPerParam(DType.BLOCKS_OF_8_BITS, model.count));
    try (NDManager manager = NDManager.newBaseManager();
        Context context = new Context(new ContextOptions().threads(threads))) {
      NDArray[] grads = arrays(manager, model, 5);
      NDArray[] djlParams = arrays(manager, model, 0);
      NDArray[] params = arrays(manager, model, 0);
      Optimizer djl = Optimizer.adam().build();
      Optimizer gradstep = GradstepOptimizer.builder("adam").optContext(context).build();
      double[][] times = new double[2][model.repetitions + 1];
      for (int i = 0; i <= model.repetitions; i++) {
        times[0][i] = milliseconds(djl, model, djlParams, grads);
        times[1][i] = milliseconds(gradstep, model, params, grads);
      }
      expectSame(djlParams, params);
      double own = median(times[0]);
      double ours = median(times[1]);
      System.out.printf(
          "djl %s %d threads: engine %.3f ms, gradstep %.3f ms, ratio %.2f%n",
          name, threads, own, ours, own / ours);
    }
  }
}

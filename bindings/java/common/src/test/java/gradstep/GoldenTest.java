// SPDX-License-Identifier: Apache-2.0
package gradstep;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The recorded runs of tests/golden: formulas of the papers, and PyTorch's runs. */
class GoldenTest {
  private static final String[] FILES = {
    "traces.txt", "pass_traces.txt", "torch_traces.txt", "torch_matrix_traces.txt"
  };

  private static final class Case {
    String name;
    String rule;
    Map<String, Double> values = new HashMap<>();
    Shape shape;
    double[] start;
    List<double[]> grads;
    List<double[]> wide = new ArrayList<>();
    List<double[]> single = new ArrayList<>();
    boolean isPlain = true; // one tensor, without transforms and stopped steps
  }

  /** "0x1.8p-1" and "-0.75". Java wants an exponent of hexadecimal numbers, and all of these have one. */
  private static double[] numbers(String[] words, int first) {
    return Arrays.stream(words, first, words.length).mapToDouble(Double::parseDouble).toArray();
  }

  private static List<Case> cases(String file) throws IOException {
    List<Case> cases = new ArrayList<>();
    double[] start = {};
    List<double[]> grads = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of("../../../tests/golden", file))) {
      String[] words = line.strip().split("\\s+");
      Case last = cases.isEmpty() ? null : cases.get(cases.size() - 1);
      switch (words[0]) {
        case "", "#", "count", "steps" -> {}
        case "start" -> {
          start = numbers(words, 1);
          grads = new ArrayList<>();
        }
        case "grad" -> grads.add(numbers(words, 2));
        case "case" -> {
          Case next = new Case();
          next.name = words[1];
          next.rule = words[2];
          next.start = start;
          next.shape = Shape.flat(start.length);
          next.grads = grads;
          for (String option : Arrays.asList(words).subList(3, words.length)) {
            String[] parts = option.split("=");
            if (parts[0].equals("shape")) {
              String[] sizes = parts[1].split("x");
              long rows = Long.parseLong(sizes[sizes.length - 2]);
              next.shape = new Shape(start.length, rows, Long.parseLong(sizes[sizes.length - 1]));
            } else if (parts[0].equals("split")) {
              next.isPlain = false;
            } else {
              next.values.put(parts[0], Double.parseDouble(parts[1]));
            }
          }
          cases.add(next);
        }
        case "param" -> last.wide.add(numbers(words, 2));
        case "param32" -> last.single.add(numbers(words, 2));
        case "evaluated", "trained", "stopped" -> last.isPlain = false;
        default -> {}
      }
    }
    return cases;
  }

  private static List<double[]> replay(Case c, DType dtype) {
    try (Rule rule = new Rule(c.rule);
        Optimizer optimizer = new Optimizer()) {
      c.values.forEach(rule::set);
      long group = optimizer.addGroup("all", new GroupOptions(rule));
      Tensor tensor = Tensor.zeros(c.shape, dtype, dtype);
      put(tensor, c.start, false);
      optimizer.add(group, "w", tensor);
      List<double[]> got = new ArrayList<>();
      for (double[] grad : c.grads) {
        put(tensor, grad, true);
        optimizer.step();
        got.add(optimizer.read(tensor, "param"));
      }
      return got;
    }
  }

  /** By stateless steps over Java arrays. */
  private static List<double[]> replayStateless(Case c) {
    try (Rule rule = new Rule(c.rule)) {
      c.values.forEach(rule::set);
      double[] param = c.start.clone();
      State state = new State(rule, c.shape, Array.of(param));
      double[] shared = State.sharedScalars(rule);
      List<double[]> got = new ArrayList<>();
      for (double[] grad : c.grads) {
        Parameter parameter = new Parameter(Array.of(param), Array.of(grad), state);
        StepOptions options = StepOptions.step(got.size() + 1).shared(shared);
        Stateless.apply(Context.shared(), rule, List.of(parameter), options);
        got.add(param.clone());
      }
      return got;
    }
  }

  private static void put(Tensor tensor, double[] numbers, boolean isGrad) {
    for (int i = 0; i < numbers.length; i++) {
      if (tensor.dtype == DType.FLOAT64) {
        (isGrad ? tensor.gradDoubles() : tensor.doubles()).put(i, numbers[i]);
      } else {
        (isGrad ? tensor.gradFloats() : tensor.floats()).put(i, (float) numbers[i]);
      }
    }
  }

  private static void expectNear(
      Case c, List<double[]> got, List<double[]> wanted, double tolerance) {
    for (int i = 0; i < c.start.length; i++) {
      double largest = Math.abs(c.start[i]);
      for (double[] param : wanted) {
        largest = Math.max(largest, Math.abs(param[i]));
      }
      for (int step = 0; step < wanted.size(); step++) {
        double difference = Math.abs(got.get(step)[i] - wanted.get(step)[i]);
        assertTrue(
            difference <= tolerance * largest,
            c.name + ": step " + (step + 1) + ", element " + i + " is " + got.get(step)[i]);
      }
    }
  }

  @Test
  void recordedRunsAreReplayed() throws IOException {
    int count = 0;
    for (String file : FILES) {
      for (Case c : cases(file)) {
        if (!c.isPlain) {
          continue;
        }
        count++;
        boolean isNadam = c.rule.equals("nadam"); // PyTorch keeps mu_product in float32
        List<double[]> wide = replay(c, DType.FLOAT64);
        expectNear(c, wide, c.wide, isNadam ? 1e-5 : 1e-12);
        assertArrayEquals(
            wide.toArray(double[][]::new), replayStateless(c).toArray(double[][]::new), c.name);
        double units = c.rule.equals("prodigy") ? 1024 : 16;
        expectNear(
            c,
            replay(c, DType.FLOAT32),
            c.single.isEmpty() ? c.wide : c.single,
            units * 0x1p-23);
      }
    }
    assertTrue(count >= 55, "only " + count + " cases");
  }
}

// SPDX-License-Identifier: Apache-2.0

package gradstep_test

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"gradstep"
)

// A goldenCase is a recorded run of tests/golden: formulas of the papers, and PyTorch's runs.
type goldenCase struct {
	name, rule       string
	values           gradstep.Values
	rows, columns    int
	start            []float64
	grads            [][]float64
	float64, float32 [][]float64
	isPlain          bool // one tensor, without transforms and stopped steps
}

func numbers(t *testing.T, words []string) []float64 {
	all := make([]float64, len(words))
	for i, word := range words {
		x, err := strconv.ParseFloat(word, 64)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = x
	}
	return all
}

func goldenCases(t *testing.T, file string) []*goldenCase {
	data, err := os.ReadFile(filepath.Join("..", "..", "tests", "golden", file))
	if err != nil {
		t.Fatal(err)
	}
	var cases []*goldenCase
	var start []float64
	var grads [][]float64
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "#", "count", "steps":
		case "start":
			start, grads = numbers(t, words[1:]), nil
		case "grad":
			grads = append(grads, numbers(t, words[2:]))
		case "case":
			c := &goldenCase{
				name: words[1], rule: words[2], values: gradstep.Values{}, start: start, grads: grads, isPlain: true,
			}
			for _, option := range words[3:] {
				key, value, _ := strings.Cut(option, "=")
				switch key {
				case "shape":
					sizes := strings.Split(value, "x")
					c.rows, _ = strconv.Atoi(sizes[len(sizes)-2])
					c.columns, _ = strconv.Atoi(sizes[len(sizes)-1])
				case "split":
					c.isPlain = false
				default:
					c.values[key] = numbers(t, []string{value})[0]
				}
			}
			cases = append(cases, c)
		default:
			last := cases[len(cases)-1]
			switch words[0] {
			case "param":
				last.float64 = append(last.float64, numbers(t, words[2:]))
			case "param32":
				last.float32 = append(last.float32, numbers(t, words[2:]))
			case "evaluated", "trained", "stopped":
				last.isPlain = false
			}
		}
	}
	return cases
}

func rounded[T float32 | float64](numbers []float64) []T {
	all := make([]T, len(numbers))
	for i, x := range numbers {
		all[i] = T(x)
	}
	return all
}

func replay[T float32 | float64](t *testing.T, c *goldenCase, array func([]T) gradstep.Array) [][]float64 {
	rule := must(gradstep.NewRule(c.rule, c.values))(t)
	defer rule.Close()
	o := must(gradstep.NewOptimizer(gradstep.OptimizerOptions{}))(t)
	defer o.Close()
	group := must(o.AddGroup("all", gradstep.GroupOptions{Rule: rule}))(t)
	param, grad := rounded[T](c.start), make([]T, len(c.start))
	tensor := gradstep.Tensor{Param: array(param), Grad: array(grad), Rows: c.rows, Columns: c.columns}
	must(o.Add(group, "w", tensor))(t)
	var got [][]float64
	for _, each := range c.grads {
		copy(grad, rounded[T](each))
		must(o.Step())(t)
		after := make([]float64, len(param))
		for i, p := range param {
			after[i] = float64(p)
		}
		got = append(got, after)
	}
	return got
}

func expectNear(t *testing.T, c *goldenCase, got, wanted [][]float64, tolerance float64) {
	for i := range c.start {
		largest := math.Abs(c.start[i])
		for _, param := range wanted {
			largest = max(largest, math.Abs(param[i]))
		}
		for step := range got {
			if difference := math.Abs(got[step][i] - wanted[step][i]); !(difference <= tolerance*largest) {
				t.Errorf("%s: step %d, element %d: %v for %v", c.name, step+1, i, got[step][i], wanted[step][i])
				return
			}
		}
	}
}

func TestRecordedRunsAreReplayed(t *testing.T) {
	count := 0
	for _, file := range []string{"traces.txt", "pass_traces.txt", "torch_traces.txt", "torch_matrix_traces.txt"} {
		for _, c := range goldenCases(t, file) {
			if !c.isPlain {
				continue
			}
			count++
			tolerance := 1e-12
			if c.rule == "nadam" {
				tolerance = 1e-5 // PyTorch keeps mu_product in float32
			}
			expectNear(t, c, replay(t, c, gradstep.Float64), c.float64, tolerance)
			tolerance = 16 * 0x1p-23
			if c.rule == "prodigy" {
				tolerance = 1024 * 0x1p-23
			}
			wanted := c.float32
			if wanted == nil {
				wanted = c.float64
			}
			expectNear(t, c, replay(t, c, gradstep.Float32), wanted, tolerance)
		}
	}
	if count < 60 {
		t.Errorf("only %d cases", count)
	}
}

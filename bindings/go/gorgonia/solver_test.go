// SPDX-License-Identifier: Apache-2.0

package solvers_test

import (
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gradstep"
	solvers "gradstep/gorgonia"
)

// A node is a param without a graph.
type node struct {
	name        string
	value, grad gorgonia.Value
	gradError   error
}

func (n *node) Name() string                  { return n.name }
func (n *node) Value() gorgonia.Value         { return n.value }
func (n *node) Grad() (gorgonia.Value, error) { return n.grad, n.gradError }

// must gives the value of a call that does not fail.
func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func filled[T float32 | float64](shape []int, number func(i int) float64) *tensor.Dense {
	all := make([]T, tensor.Shape(shape).TotalSize())
	for i := range all {
		all[i] = T(number(i))
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(all))
}

func newNode[T float32 | float64](name string, shape ...int) *node {
	start := func(i int) float64 { return float64((37*i)%201-100) / 128 }
	return &node{name: name, value: filled[T](shape, start), grad: filled[T](shape, func(int) float64 { return 0 })}
}

func numbers(value gorgonia.Value) (all []float64) {
	switch data := value.Data().(type) {
	case []float32:
		for _, x := range data {
			all = append(all, float64(x))
		}
	case []float64:
		all = append(all, data...)
	case float32:
		all = []float64{float64(data)}
	case float64:
		all = []float64{data}
	}
	return all
}

// setGrad writes the gradient of a step into the array that the node has.
func setGrad(n *node, step int) {
	number := func(i int) float64 { return float64((i+1)*(step+1)%127-63) / 64 }
	switch data := n.grad.Data().(type) {
	case []float32:
		for i := range data {
			data[i] = float32(number(i))
		}
	case []float64:
		for i := range data {
			data[i] = number(i)
		}
	}
}

func steps(t testing.TB, solver gorgonia.Solver, count int, nodes ...*node) {
	t.Helper()
	for step := range count {
		model := make([]gorgonia.ValueGrad, len(nodes))
		for i, n := range nodes {
			setGrad(n, step)
			model[i] = n
		}
		if err := solver.Step(model); err != nil {
			t.Fatal(err)
		}
	}
}

func expectNear(t *testing.T, what string, got, wanted gorgonia.Value, tolerance float64) {
	t.Helper()
	ours, theirs := numbers(got), numbers(wanted)
	for i := range theirs {
		if !(math.Abs(ours[i]-theirs[i]) <= tolerance*max(1, math.Abs(theirs[i]))) {
			t.Errorf("%s: element %d is %v for %v", what, i, ours[i], theirs[i])
			return
		}
	}
}

// The textbook's AdamW, since gorgonia's leaves params as they are.
func TestAdamW(t *testing.T) {
	const lr, beta1, beta2, eps, decay = 0.001, 0.9, 0.999, 1e-8, 0.01
	n := newNode[float64]("w", 7)
	wanted, m, v := append([]float64(nil), numbers(n.value)...), make([]float64, 7), make([]float64, 7)
	solver := must(solvers.NewAdamW())(t)
	defer solver.Close()
	for step := 1; step <= 10; step++ {
		setGrad(n, step)
		for i, g := range numbers(n.grad) {
			m[i] = beta1*m[i] + (1-beta1)*g
			v[i] = beta2*v[i] + (1-beta2)*g*g
			c1, c2 := 1-math.Pow(beta1, float64(step)), 1-math.Pow(beta2, float64(step))
			wanted[i] = wanted[i]*(1-lr*decay) - lr*(m[i]/c1)/(math.Sqrt(v[i]/c2)+eps)
		}
		if err := solver.Step([]gorgonia.ValueGrad{n}); err != nil {
			t.Fatal(err)
		}
	}
	expectNear(t, "adamw", n.value, filled[float64]([]int{7}, func(i int) float64 { return wanted[i] }), 1e-13)
}

func TestGradientsAreZeroedAndCountsAreOfSteps(t *testing.T) {
	solver := must(solvers.NewAdamSolver())(t)
	defer solver.Close()
	nodes := []*node{newNode[float32]("a", 4), newNode[float32]("b", 4), newNode[float32]("c", 4)}
	steps(t, solver, 5, nodes...)
	optimizer, _ := solver.Optimizer()
	for _, n := range nodes {
		for _, g := range numbers(n.grad) {
			if g != 0 {
				t.Errorf("the gradient of %s is %v", n.name, g)
			}
		}
		expectNear(t, n.name, n.value, nodes[0].value, 0)
		id := must(optimizer.FindTensor(n.name))(t)
		if info := must(optimizer.TensorInfo(id))(t); info.StepCount != 5 {
			t.Errorf("%s has %d steps", n.name, info.StepCount)
		}
	}
}

func TestEveryRuleSteps(t *testing.T) {
	for _, rule := range gradstep.Rules() {
		solver := must(solvers.NewSolver(rule.Name))(t)
		n, before := newNode[float32]("w", 3, 4), newNode[float32]("w", 3, 4)
		steps(t, solver, 3, n)
		if fmt.Sprint(numbers(n.value)) == fmt.Sprint(numbers(before.value)) {
			t.Errorf("%s leaves the param as it is", rule.Name)
		}
		solver.Close()
	}
}

// The model's nodes of a run that is saved, stopped and loaded have the bits of one that goes on.
func TestARunGoesOnFromItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.safetensors")
	through := []*node{newNode[float32]("w", 6, 5), newNode[float32]("w", 7)}
	options := []solvers.Option{solvers.WithLearnRate(0.01), solvers.WithSlotDType(gradstep.DTypeBFloat16)}
	solver := must(solvers.NewAdamW(options...))(t)
	defer solver.Close()
	steps(t, solver, 10, through...)
	if err := solver.SetLearnRate(0.02); err != nil {
		t.Fatal(err)
	}
	if err := solver.Save(path); err != nil {
		t.Fatal(err)
	}
	again := make([]*node, len(through))
	model := make([]gorgonia.ValueGrad, len(through))
	for i, n := range through {
		again[i] = &node{
			name: n.name, value: must(gorgonia.CloneValue(n.value))(t), grad: must(gorgonia.CloneValue(n.grad))(t),
		}
		model[i] = again[i]
	}
	resumed := must(solvers.NewAdamW(options...))(t)
	defer resumed.Close()
	if err := resumed.Load(path, model); err != nil {
		t.Fatal(err)
	}
	if lr := must(resumed.LearnRate())(t); lr != 0.02 {
		t.Errorf("the learning rate is %v", lr)
	}
	steps(t, solver, 10, through...)
	steps(t, resumed, 10, again...)
	for i := range through {
		expectNear(t, "resumed", again[i].value, through[i].value, 0)
	}
}

func TestTheModelMayChangeBetweenSteps(t *testing.T) {
	solver := must(solvers.NewMomentum(solvers.WithLearnRate(0.1)))(t)
	defer solver.Close()
	a, b := newNode[float32]("a", 5), newNode[float32]("b", 5)
	alone := newNode[float32]("b", 5)
	expected := must(solvers.NewMomentum(solvers.WithLearnRate(0.1)))(t)
	defer expected.Close()
	steps(t, expected, 4, alone)

	steps(t, solver, 2, b, a)
	before := numbers(b.value)
	steps(t, solver, 3, a)
	if fmt.Sprint(numbers(b.value)) != fmt.Sprint(before) {
		t.Error("a node that is not in the model has changed")
	}
	for step := 2; step < 4; step++ { // in another place, and after its arrays have moved
		b.value, b.grad = must(gorgonia.CloneValue(b.value))(t), must(gorgonia.CloneValue(b.grad))(t)
		runtime.GC()
		setGrad(b, step)
		setGrad(a, step)
		if err := solver.Step([]gorgonia.ValueGrad{a, b}); err != nil {
			t.Fatal(err)
		}
	}
	expectNear(t, "b", b.value, alone.value, 0)

	// A gradient moves alone; a node that is forgotten begins anew.
	b.grad = must(gorgonia.CloneValue(b.grad))(t)
	steps(t, solver, 1, b)
	if err := solver.Forget(b); err != nil {
		t.Fatal(err)
	}
	fresh := &node{name: "b", value: must(gorgonia.CloneValue(b.value))(t), grad: must(gorgonia.CloneValue(b.grad))(t)}
	steps(t, solver, 2, b)
	steps(t, must(solvers.NewMomentum(solvers.WithLearnRate(0.1)))(t), 2, fresh)
	expectNear(t, "forgotten", b.value, fresh.value, 0)
}

func TestScalars(t *testing.T) {
	n32 := &node{name: "a", value: gorgonia.NewF32(1), grad: gorgonia.NewF32(2)}
	n64 := &node{name: "b", value: gorgonia.NewF64(1), grad: gorgonia.NewF64(2)}
	dense := &node{name: "c", value: tensor.New(tensor.FromScalar(1.0)), grad: tensor.New(tensor.FromScalar(2.0))}
	solver := must(solvers.NewVanillaSolver(solvers.WithLearnRate(0.25)))(t)
	defer solver.Close()
	if err := solver.Step([]gorgonia.ValueGrad{n32, n64, dense}); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*node{n32, n64, dense} {
		if value, grad := numbers(n.value), numbers(n.grad); value[0] != 0.5 || grad[0] != 0 {
			t.Errorf("%s is %v and its gradient %v", n.name, value, grad)
		}
	}
}

func TestSchedulesAndClippingByNorm(t *testing.T) {
	schedule := must(gradstep.NewSchedule("cosine", gradstep.Values{"total_steps": 10, "warmup_steps": 2}))(t)
	solver := must(solvers.NewVanillaSolver(solvers.WithLearnRate(1), solvers.WithSchedule(schedule),
		solvers.WithClipNorm(1e-3)))(t)
	defer solver.Close()
	n, before := newNode[float64]("w", 9), newNode[float64]("w", 9)
	steps(t, solver, 1, n)
	expectNear(t, "a rate of 0", n.value, before.value, 0)
	steps(t, solver, 1, n)
	length := 0.0
	for i, x := range numbers(n.value) {
		length += math.Pow(x-numbers(before.value)[i], 2)
	}
	if math.Abs(math.Sqrt(length)-0.5e-3) > 1e-6 {
		t.Errorf("the step has the length %v", math.Sqrt(length))
	}
}

func TestGoroutinesMayShareASolver(t *testing.T) {
	solver := must(solvers.NewAdamSolver())(t)
	defer solver.Close()
	var all sync.WaitGroup
	nodes := make([]*node, 50)
	for i := range nodes {
		nodes[i] = newNode[float32](fmt.Sprint("w", i), 64)
		all.Add(1)
		go func() {
			defer all.Done()
			for range 20 {
				setGrad(nodes[i], 1)
				if err := solver.Step([]gorgonia.ValueGrad{nodes[i]}); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	all.Wait()
	for _, n := range nodes {
		expectNear(t, n.name, n.value, nodes[0].value, 0)
	}
}

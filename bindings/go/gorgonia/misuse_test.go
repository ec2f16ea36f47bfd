// SPDX-License-Identifier: Apache-2.0

package solvers_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gradstep"
	solvers "gradstep/gorgonia"
)

func expectError(t *testing.T, err, kind error, words string) {
	t.Helper()
	if !errors.Is(err, kind) || !strings.Contains(err.Error(), words) {
		t.Errorf("the error is %v, and should be %q with %q", err, kind, words)
	}
}

func TestWrongOptionsAreErrors(t *testing.T) {
	for _, each := range []struct {
		rule   string
		option solvers.Option
		kind   error
		words  string
	}{
		{"adam", solvers.WithMomentum(0.9), gradstep.ErrUnknownName, "momentum"},
		{"adam", solvers.WithBeta1(1.5), gradstep.ErrOutOfRange, "beta1"},
		{"adam", solvers.WithLearnRate(-1), gradstep.ErrOutOfRange, "lr"},
		{"adam", solvers.WithRho(0.9), gradstep.ErrInvalidArgument, "WithRho is for"},
		{"adam", solvers.WithBatchSize(0), gradstep.ErrInvalidArgument, "batch size is 0"},
		{"adam", solvers.WithClip(-1), gradstep.ErrOutOfRange, "max_value"},
		{"adamw", solvers.WithL2Reg(0.1), gradstep.ErrInvalidArgument, "WithWeightDecay"},
		{"sgd", solvers.With("nesterov", 1), gradstep.ErrInvalidArgument, "nesterov"},
		{"adamm", solvers.WithEps(1), gradstep.ErrUnknownName, "adam"},
	} {
		_, err := solvers.NewSolver(each.rule, each.option)
		expectError(t, err, each.kind, each.words)
	}
}

func TestValuesThatCannotBeSteppedAreErrors(t *testing.T) {
	square := func() *tensor.Dense { return filled[float32]([]int{4, 4}, func(i int) float64 { return float64(i) }) }
	sliced := func(slices ...tensor.Slice) *tensor.Dense {
		return must(square().Slice(slices...))(t).(*tensor.Dense)
	}
	transposed := square()
	if err := transposed.T(); err != nil {
		t.Fatal(err)
	}
	masked := tensor.New(tensor.WithShape(4), tensor.WithBacking([]float32{1, 2, 3, 4}, []bool{true, false, false, false}))
	columns := tensor.New(tensor.WithShape(2, 3), tensor.AsFortran([]float32{1, 2, 3, 4, 5, 6}))
	var missing *tensor.Dense
	good := newNode[float32]("good", 4)
	for _, each := range []struct {
		value, grad gorgonia.Value
		words       string
	}{
		{sliced(nil, tensor.S(0, 2)), square(), "value that is a tensor of shape (4, 2)"},
		{square(), sliced(tensor.S(0, 4), tensor.S(1)), "gradient that is a tensor of shape"},
		{transposed, transposed, "do not follow each other"},
		{masked, masked, "masked"},
		{columns, columns, "row-major"},
		{filledOf([]int64{1, 2}), filledOf([]int64{1, 2}), "int64"},
		{gorgonia.NewI(3), gorgonia.NewI(3), "*gorgonia.I"},
		{missing, missing, "*tensor.Dense"},
		{nil, nil, "<nil>"},
		{square(), nil, "gradient that is of type <nil>"},
		{square(), filled[float32]([]int{16}, func(int) float64 { return 0 }), "shape (16)"},
		{square(), filled[float64]([]int{4, 4}, func(int) float64 { return 0 }), "gradient of float64"},
	} {
		solver := must(solvers.NewAdamSolver())(t)
		setGrad(good, 1)
		before := fmt.Sprint(numbers(good.value), numbers(good.grad))
		bad := &node{name: "bad", value: each.value, grad: each.grad}
		err := solver.Step([]gorgonia.ValueGrad{good, bad})
		expectError(t, err, gradstep.ErrInvalidArgument, each.words)
		expectError(t, err, gradstep.ErrInvalidArgument, "model[1] (bad)")
		if after := fmt.Sprint(numbers(good.value), numbers(good.grad)); after != before {
			t.Errorf("%q: the good node has changed", each.words)
		}
		solver.Close()
	}
	// A view whose elements follow each other is stepped in place.
	whole := square()
	part := must(whole.Slice(tensor.S(1, 3)))(t).(*tensor.Dense)
	n := &node{name: "part", value: part, grad: filled[float32]([]int{2, 4}, func(int) float64 { return 1 })}
	if err := must(solvers.NewVanillaSolver(solvers.WithLearnRate(1)))(t).Step([]gorgonia.ValueGrad{n}); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(numbers(whole)); got != "[0 1 2 3 3 4 5 6 7 8 9 10 12 13 14 15]" {
		t.Error(got)
	}
}

func filledOf(backing any) *tensor.Dense { return tensor.New(tensor.WithBacking(backing)) }

// A hashless node cannot be told from others.
type hashless []*node

func (h hashless) Value() gorgonia.Value         { return h[0].value }
func (h hashless) Grad() (gorgonia.Value, error) { return h[0].grad, nil }

func TestWrongModelsAreErrors(t *testing.T) {
	solver := must(solvers.NewAdamSolver())(t)
	a, b := newNode[float32]("a", 4), newNode[float32]("b", 4)
	step := func(model ...gorgonia.ValueGrad) error { return solver.Step(model) }
	expectError(t, step(a, b, a), gradstep.ErrInvalidArgument, "model[2] is model[0] again")
	expectError(t, step(a, nil), gradstep.ErrInvalidArgument, "model[1]")
	expectError(t, step(hashless{a}), gradstep.ErrInvalidArgument, "hashless")
	b.gradError = errors.New("nobody has run it")
	expectError(t, step(a, b), gradstep.ErrInvalidArgument, "nobody has run it")
	b.gradError = nil
	b.value, b.grad = a.value, must(gorgonia.CloneValue(a.grad))(t)
	expectError(t, step(a, b), gradstep.ErrInvalidArgument, "overlap")
	optimizer, _ := solver.Optimizer()
	if info := must(optimizer.Info())(t); info.TensorCount != 0 || info.StepCount != 0 {
		t.Errorf("the failed steps have left %+v", info)
	}
	steps(t, solver, 1, a)
	longer := newNode[float32]("a", 5)
	a.value, a.grad = longer.value, longer.grad
	expectError(t, step(a), gradstep.ErrInvalidArgument, "5 elements")
	wider := newNode[float64]("a", 4)
	a.value, a.grad = wider.value, wider.grad
	expectError(t, step(a), gradstep.ErrInvalidArgument, "")
	if err := step(); err != nil { // nothing to step
		t.Error(err)
	}
	solver.Close()
	solver.Close()
	expectError(t, step(b), gradstep.ErrClosed, "closed")
}

func TestWrongFilesAreErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	saved := must(solvers.NewAdamSolver())(t)
	steps(t, saved, 1, newNode[float32]("a", 4))
	if err := saved.Save(path); err != nil {
		t.Fatal(err)
	}
	a, other := newNode[float32]("a", 4), newNode[float32]("b", 4)
	solver := must(solvers.NewAdamSolver())(t)
	expectError(t, solver.Load(path, []gorgonia.ValueGrad{other}), gradstep.ErrMismatch, "b")
	expectError(t, solver.Load(path+"2", []gorgonia.ValueGrad{a}), gradstep.ErrIO, path+"2")
	another := must(solvers.NewRMSPropSolver())(t)
	expectError(t, another.Load(path, []gorgonia.ValueGrad{a}), gradstep.ErrMismatch, "rmsprop")
	optimizer, _ := solver.Optimizer()
	if info := must(optimizer.Info())(t); info.TensorCount != 0 {
		t.Errorf("the failed loads have left %+v", info)
	}
}

// SPDX-License-Identifier: Apache-2.0

package gradstep_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"

	"gradstep"
)

func numbersOf(count, step int) []float32 {
	all := make([]float32, count)
	for i := range all {
		all[i] = float32((i+1)*(step+1)%127-63) / 64
	}
	return all
}

// A stateless step has the bits of an optimizer's, for every rule and dtype of slots.
func TestApplyHasTheBitsOfAnOptimizer(t *testing.T) {
	const rows, columns, steps = 70, 60, 3
	for _, info := range gradstep.Rules() {
		for _, dtype := range []gradstep.DType{0, gradstep.DTypeBFloat16, gradstep.DType8Bits} {
			rule := must(gradstep.NewRule(info.Name, nil))(t)
			param := numbersOf(rows*columns, 0)
			expected, grad := slices.Clone(param), make([]float32, len(param))
			o := must(gradstep.NewOptimizer(gradstep.OptimizerOptions{NearestSlots: true}))(t)
			group := must(o.AddGroup("all", gradstep.GroupOptions{Rule: rule, SlotDType: dtype}))(t)
			tensor := gradstep.Tensor{
				Param: gradstep.Float32(expected), Grad: gradstep.Float32(grad), Rows: rows, Columns: columns,
			}
			must(o.Add(group, "w", tensor))(t)
			options := gradstep.StateOptions{Rows: rows, Columns: columns, SlotDType: dtype}
			state := must(gradstep.NewState(rule, gradstep.Float32(param), options))(t)
			shared := must(gradstep.SharedScalars(rule))(t)
			for step := 1; step <= steps; step++ {
				copy(grad, numbersOf(len(grad), step))
				must(o.Step())(t)
				tensors := []gradstep.ApplyTensor{{
					Param: gradstep.Float32(param), Grad: gradstep.Float32(numbersOf(len(grad), step)), State: state,
				}}
				must(gradstep.Apply(nil, rule, tensors, gradstep.ApplyOptions{
					Step: uint64(step), NearestSlots: true, Shared: shared,
				}))(t)
				runtime.GC()
			}
			if !slices.Equal(param, expected) || slices.Equal(param, numbersOf(len(param), 0)) {
				t.Errorf("%s with slots of %v: %v for %v", info.Name, dtype, param[:3], expected[:3])
			}
			o.Close()
			rule.Close()
		}
	}
}

func TestApplyOptions(t *testing.T) {
	ptr := func(x float64) *float64 { return &x }
	rule := must(gradstep.NewRule("sgd", gradstep.Values{"lr": 1}))(t)
	param, grad := make([]float64, 2), []float64{math.Inf(1), 1}
	copied, average := make([]float32, 2), make([]float64, 2)
	state := must(gradstep.NewState(rule, gradstep.Float64(param), gradstep.StateOptions{}))(t)
	tensors := []gradstep.ApplyTensor{{
		Param: gradstep.Float64(param), Grad: gradstep.Float64(grad), State: state,
		Copy: gradstep.Float32(copied), Average: gradstep.Float64(average),
	}}
	options := gradstep.ApplyOptions{Step: 1, CheckFinite: true, MaxNorm: ptr(1), AverageDecay: ptr(0.5), ZeroGrad: true}
	result := must(gradstep.Apply(nil, rule, tensors, options))(t)
	if !result.IsSkipped || result.NonFiniteCount != 1 || param[1] != 0 || grad[1] != 0 {
		t.Errorf("%+v, %v, %v", result, param, grad)
	}
	copy(grad, []float64{6, 8})
	options.GradScale = ptr(0.5)
	result = must(gradstep.Apply(nil, rule, tensors, options))(t)
	if result.GradNorm != 5 || math.Abs(param[0]+0.6) > 1e-6 || copied[0] != float32(param[0]) || average[0] != param[0] {
		t.Errorf("%+v, %v, %v, %v", result, param, copied, average)
	}
	copy(grad, []float64{6, 8})
	value := ptr(0.25)
	must(gradstep.Apply(nil, rule, tensors, gradstep.ApplyOptions{Step: 2, MaxValue: value, AverageEqual: true}))(t)
	if math.Abs(param[0]+0.85) > 1e-6 || math.Abs(average[0]+0.725) > 1e-6 || grad[0] != 6 {
		t.Errorf("%v, %v, %v", param, average, grad)
	}
}

func TestKeysAndSeedsTellTensorsApart(t *testing.T) {
	rule := must(gradstep.NewRule("sgd", gradstep.Values{"lr": 1e-3}))(t)
	stepped := func(key, seed uint64) []uint16 {
		param := make([]uint16, 300) // bfloat16
		for i := range param {
			param[i] = 0x3f80 // 1
		}
		state := must(gradstep.NewState(rule, gradstep.BFloat16(param), gradstep.StateOptions{}))(t)
		tensors := []gradstep.ApplyTensor{
			{Param: gradstep.BFloat16(param), Grad: gradstep.Float32(numbersOf(300, 1)), State: state, Key: key},
		}
		options := gradstep.ApplyOptions{Step: 1, StochasticParams: true, Seed: seed}
		must(gradstep.Apply(nil, rule, tensors, options))(t)
		return param
	}
	first := stepped(7, 1)
	if !slices.Equal(first, stepped(7, 1)) || slices.Equal(first, stepped(8, 1)) || slices.Equal(first, stepped(7, 2)) {
		t.Error("the same key and seed give the same bits, and no others do")
	}
}

func TestStatesAreReadAndWritten(t *testing.T) {
	rule := must(gradstep.NewRule("adagrad", gradstep.Values{"initial_accumulator_value": 0.5}))(t)
	param := make([]float32, 5000)
	state := must(gradstep.NewState(rule, gradstep.Float32(param), gradstep.StateOptions{SlotDType: gradstep.DType8Bits}))(t)
	if sum := must(state.Read("sum"))(t); len(sum) != 5000 || sum[4999] != 0.5 {
		t.Errorf("%d numbers, the last is %v", len(sum), sum[len(sum)-1])
	}
	values := make([]float64, 5000)
	values[7] = 2
	if err := state.Write("sum", values); err != nil {
		t.Fatal(err)
	}
	if sum := must(state.Read("sum"))(t); sum[7] != 2 || sum[8] != 0 {
		t.Errorf("%v", sum[:9])
	}
	schedule := must(gradstep.NewRule("schedule_free_adamw", nil))(t)
	copied := must(gradstep.NewState(schedule, gradstep.Float32([]float32{3, 4}), gradstep.StateOptions{}))(t)
	if z := must(copied.Read("z"))(t); !slices.Equal(z, []float64{3, 4}) {
		t.Errorf("z begins as %v", z)
	}
	if got := copied.Scalars(); len(got) != 3 {
		t.Errorf("the scalars are %v", got)
	}
}

func TestWrongStatelessArgumentsAreErrors(t *testing.T) {
	rule := must(gradstep.NewRule("sgd", nil))(t)
	adam := must(gradstep.NewRule("adam", nil))(t)
	param := make([]float32, 4)
	state := must(gradstep.NewState(rule, gradstep.Float32(param), gradstep.StateOptions{}))(t)
	good := gradstep.ApplyTensor{Param: gradstep.Float32(param), Grad: gradstep.Float32(make([]float32, 4)), State: state}
	apply := func(rule *gradstep.Rule, tensors ...gradstep.ApplyTensor) error {
		_, err := gradstep.Apply(nil, rule, tensors, gradstep.ApplyOptions{Step: 1})
		return err
	}
	expectError(t, apply(nil, good), gradstep.ErrInvalidArgument, "Rule is nil")
	expectError(t, apply(adam, good), gradstep.ErrInvalidArgument, "the state is that of sgd")
	expectError(t, apply(rule, good, good), gradstep.ErrInvalidArgument, "overlap")
	bad := good
	bad.State = nil
	expectError(t, apply(rule, bad), gradstep.ErrInvalidArgument, "tensors[0]: State is nil")
	bad = good
	bad.Param = gradstep.Float32(make([]float32, 5))
	expectError(t, apply(rule, bad), gradstep.ErrInvalidArgument, "5 elements of float32, and State was made for 4")
	bad = good
	bad.Grad = gradstep.Float32(make([]float32, 3))
	expectError(t, apply(rule, bad), gradstep.ErrInvalidArgument, "Grad has 3 elements")
	bad = good
	bad.Grad = gradstep.Array{}
	expectError(t, apply(rule, bad), gradstep.ErrInvalidArgument, "grad")
	if err := rule.Set("momentum", 0.9); err != nil {
		t.Fatal(err)
	}
	expectError(t, apply(rule, good), gradstep.ErrInvalidArgument, "momentum_buffer has 0 elements")
	_, err := gradstep.Apply(nil, adam, nil, gradstep.ApplyOptions{})
	expectError(t, err, gradstep.ErrOutOfRange, "step")
	_, err = state.Read("exp_avg")
	expectError(t, err, gradstep.ErrUnknownName, "momentum_buffer")
	_, err = gradstep.NewState(rule, gradstep.Array{}, gradstep.StateOptions{})
	expectError(t, err, gradstep.ErrInvalidArgument, "zero Array")
	_, err = gradstep.NewState(rule, gradstep.Float32(param), gradstep.StateOptions{Rows: 3, Columns: 3})
	expectError(t, err, gradstep.ErrInvalidArgument, "rows")
	_, err = gradstep.NewState(rule, gradstep.Float32(param), gradstep.StateOptions{Rows: -1, Columns: 3})
	expectError(t, err, gradstep.ErrInvalidArgument, "Rows is -1")
	rule.Close()
	expectError(t, apply(rule, good), gradstep.ErrClosed, "rule")
}

func TestStepsOnAPool(t *testing.T) {
	serial := 0
	run := func(pool gradstep.Pool) ([]float32, uint64) {
		context := must(gradstep.NewContext(gradstep.ContextOptions{Threads: 4, SerialBelow: &serial, Pool: pool}))(t)
		defer context.Close()
		rule := must(gradstep.NewRule("adam", gradstep.Values{"lr": 0.1}))(t)
		param, grad := numbersOf(200_000, 0), numbersOf(200_000, 5)
		state := must(gradstep.NewState(rule, gradstep.Float32(param), gradstep.StateOptions{}))(t)
		tensors := []gradstep.ApplyTensor{{Param: gradstep.Float32(param), Grad: gradstep.Float32(grad), State: state}}
		pieces := uint64(0)
		for step := 1; step <= 5; step++ {
			pieces += must(gradstep.Apply(context, rule, tensors, gradstep.ApplyOptions{Step: uint64(step)}))(t).PieceCount
		}
		return param, pieces
	}
	expected, _ := run(nil)
	counted, calls := 0, sync.Mutex{}
	for name, pool := range map[string]gradstep.Pool{
		"goroutines": gradstep.Goroutines,
		"one after another": func(count int, task func(int)) {
			for i := range count {
				task(i)
			}
		},
		"counted": func(count int, task func(int)) {
			gradstep.Goroutines(count, func(i int) {
				calls.Lock()
				counted++
				calls.Unlock()
				task(i)
			})
		},
		"leaves tasks out": func(count int, task func(int)) { task(0) },
		"wrong indices":    func(count int, task func(int)) { task(-1); task(count); task(1 << 40) },
		"panics":           func(count int, task func(int)) { task(0); panic("the pool is broken") },
		"late": func(count int, task func(int)) {
			go func() {
				for i := range count {
					task(i)
				}
			}()
		},
	} {
		param, pieces := run(pool)
		if !slices.Equal(param, expected) {
			t.Errorf("%s: %v for %v", name, param[:3], expected[:3])
		}
		if name == "goroutines" && pieces < 10 {
			t.Errorf("%d pieces of work", pieces)
		}
	}
	if counted < 10 {
		t.Errorf("the pool ran %d tasks", counted)
	}
}

func ExampleApply() {
	rule, err := gradstep.NewRule("sgd", gradstep.Values{"lr": 0.5})
	if err != nil {
		panic(err)
	}
	param := []float32{1, 2}
	state, err := gradstep.NewState(rule, gradstep.Float32(param), gradstep.StateOptions{})
	if err != nil {
		panic(err)
	}
	tensors := []gradstep.ApplyTensor{
		{Param: gradstep.Float32(param), Grad: gradstep.Float32([]float32{1, 1}), State: state},
	}
	_, err = gradstep.Apply(nil, rule, tensors, gradstep.ApplyOptions{Step: 1})
	fmt.Println(param, err)
	// Output: [0.5 1.5] <nil>
}

// SPDX-License-Identifier: Apache-2.0

package gradstep_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"gradstep"
)

// must gives the value of a call that does not fail.
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func expectError(t *testing.T, err, kind error, words string) {
	t.Helper()
	if !errors.Is(err, kind) || !strings.Contains(err.Error(), words) {
		t.Errorf("the error is %q, and should be %q with %q", err, kind, words)
	}
}

func oneTensor(t *testing.T, param, grad []float32) (*gradstep.Optimizer, gradstep.TensorID) {
	t.Helper()
	rule := must(gradstep.NewRule("adamw", nil))(t)
	defer rule.Close()
	o := must(gradstep.NewOptimizer(gradstep.OptimizerOptions{}))(t)
	group := must(o.AddGroup("all", gradstep.GroupOptions{Rule: rule}))(t)
	tensor := gradstep.Tensor{Param: gradstep.Float32(param), Grad: gradstep.Float32(grad)}
	return o, must(o.Add(group, "w", tensor))(t)
}

func TestTheCheckpointIsThatOfEveryLanguage(t *testing.T) {
	isa := must(must(gradstep.SharedContext())(t).ISA())(t)
	if isa == "baseline" && runtime.GOARCH == "amd64" {
		t.Skip("this instruction set has no fused multiply-add, so other bits")
	}
	ptr := func(x float64) *float64 { return &x }
	o := must(gradstep.NewOptimizer(gradstep.OptimizerOptions{MaxNorm: ptr(1), Seed: 7}))(t)
	defer o.Close()
	schedule := must(gradstep.NewSchedule("cosine", gradstep.Values{"total_steps": 300, "warmup_steps": 20}))(t)
	adamw := must(gradstep.NewRule("adamw", gradstep.Values{"lr": 0.01, "weight_decay": 0.1}))(t)
	sgd := must(gradstep.NewRule("sgd", gradstep.Values{"lr": 0.05, "momentum": 0.9, "nesterov": 1}))(t)
	groups := []gradstep.GroupID{
		must(o.AddGroup("matrices", gradstep.GroupOptions{
			Rule: adamw, Schedule: schedule, SlotDType: gradstep.DTypeBFloat16,
		}))(t),
		must(o.AddGroup("rest", gradstep.GroupOptions{Rule: sgd}))(t),
	}
	grads := [][]float32{make([]float32, 64*48), make([]float32, 100)}
	for k, name := range []string{"embedding", "bias"} {
		param := make([]float32, len(grads[k]))
		for i := range param {
			param[i] = float32((37*i+11*k)%201-100) / 128
		}
		tensor := gradstep.Tensor{Param: gradstep.Float32(param), Grad: gradstep.Float32(grads[k])}
		if k == 0 {
			tensor.Rows, tensor.Columns = 64, 48
		}
		must(o.Add(groups[k], name, tensor))(t)
	}
	for step := 1; step <= 300; step++ {
		for k, grad := range grads {
			for i := range grad {
				grad[i] = float32((i+1)*(step+3*k+1)%127-63) / 64
			}
		}
		must(o.Step())(t)
	}
	saved := must(o.SaveBytes(true))(t)
	wanted := strings.Fields(string(must(os.ReadFile(filepath.Join("..", "same_run.sha256")))(t)))[0]
	if digest := fmt.Sprintf("%x", sha256.Sum256(saved)); digest != wanted {
		t.Errorf("SHA-256 is %s, and should be %s", digest, wanted)
	}
	path := filepath.Join(t.TempDir(), "run.safetensors")
	if err := o.Save(path, true); err != nil {
		t.Fatal(err)
	}
	if loaded := must(o.Load(path, gradstep.LoadOptions{Params: true}))(t); loaded.Loaded != 2 {
		t.Errorf("%d tensors loaded", loaded.Loaded)
	}
}

func TestWrongArgumentsAreErrors(t *testing.T) {
	_, err := gradstep.NewRule("adamm", nil)
	expectError(t, err, gradstep.ErrUnknownName, "adam")
	_, err = gradstep.NewRule("ada\x00m", nil)
	expectError(t, err, gradstep.ErrInvalidArgument, "zero byte")
	_, err = gradstep.NewRule("adamw", gradstep.Values{"beta1": 1.5})
	expectError(t, err, gradstep.ErrOutOfRange, "beta1")
	_, err = gradstep.NewContext(gradstep.ContextOptions{ISA: "mmx"})
	expectError(t, err, gradstep.ErrUnknownName, "mmx")

	param, grad := make([]float32, 8), make([]float32, 8)
	o, w := oneTensor(t, param, grad)
	defer o.Close()
	group := must(o.FindGroup("all"))(t)
	_, err = o.AddGroup("more", gradstep.GroupOptions{})
	expectError(t, err, gradstep.ErrInvalidArgument, "Rule is nil")
	wrong := gradstep.Tensor{Param: gradstep.Float32(make([]float32, 8)), Grad: gradstep.Float32(grad[:7])}
	_, err = o.Add(group, "v", wrong)
	expectError(t, err, gradstep.ErrInvalidArgument, "Grad has 7 elements, and Param has 8")
	_, err = o.Add(group, "v", gradstep.Tensor{Param: gradstep.Float32(param)})
	expectError(t, err, gradstep.ErrInvalidArgument, "overlap")
	expectError(t, o.SetGrad(w, gradstep.Float64(make([]float64, 8))), gradstep.ErrInvalidArgument, "dtype")
	expectError(t, o.WriteArray(w, "exp_avg", make([]float64, 7)), gradstep.ErrInvalidArgument, "values")
	_, err = o.ReadArray(w, "exp_avgg")
	expectError(t, err, gradstep.ErrUnknownName, "exp_avg")
	_, err = o.Load("/nowhere/at/all", gradstep.LoadOptions{})
	expectError(t, err, gradstep.ErrIO, "/nowhere/at/all")
	if err := o.Remove(w); err != nil {
		t.Error(err)
	}
	expectError(t, o.Remove(w), gradstep.ErrOutOfRange, "tensor")
}

func TestWhatIsClosedIsAnError(t *testing.T) {
	param, grad := make([]float32, 8), make([]float32, 8)
	o, w := oneTensor(t, param, grad)
	o.Close()
	o.Close()
	_, err := o.Step()
	expectError(t, err, gradstep.ErrClosed, "optimizer")
	expectError(t, o.Remove(w), gradstep.ErrClosed, "optimizer")
	expectError(t, o.SetGrad(w, gradstep.Array{}), gradstep.ErrClosed, "optimizer")
	rule := must(gradstep.NewRule("sgd", nil))(t)
	rule.Close()
	expectError(t, rule.Check(), gradstep.ErrClosed, "rule")

	// A context stays as long as an optimizer uses it.
	context := must(gradstep.NewContext(gradstep.ContextOptions{Threads: 2}))(t)
	used := must(gradstep.NewOptimizer(gradstep.OptimizerOptions{Context: context}))(t)
	context.Close()
	must(used.Step())(t)
	used.Close()
	_, err = gradstep.NewOptimizer(gradstep.OptimizerOptions{Context: context})
	expectError(t, err, gradstep.ErrClosed, "context")
}

// A gradient is replaced in every step, as after a backward pass that allocates.
func TestGradientsMayBeReplaced(t *testing.T) {
	param, grad := make([]float32, 300), make([]float32, 300)
	o, w := oneTensor(t, param, grad)
	defer o.Close()
	for range 100 {
		fresh := make([]float32, 300)
		for i := range fresh {
			fresh[i] = 1
		}
		if err := o.SetGrad(w, gradstep.Float32(fresh)); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		must(o.Step())(t)
	}
	if err := o.SetGrad(w, gradstep.Array{}); err != nil {
		t.Fatal(err)
	}
	before := param[0]
	must(o.Step())(t)
	if param[0] != before || before == 0 {
		t.Errorf("the param is %v after %v", param[0], before)
	}
}

func TestManyGoroutines(t *testing.T) {
	var all sync.WaitGroup
	for i := range 1000 {
		all.Add(1)
		go func() {
			defer all.Done()
			name := fmt.Sprintf("rule_%d", i)
			_, err := gradstep.NewRule(name, nil)
			expectError(t, err, gradstep.ErrUnknownName, name)
			param, grad := make([]float32, 64), make([]float32, 64)
			grad[0] = 1
			o, _ := oneTensor(t, param, grad)
			defer o.Close()
			must(o.Step())(t)
			if param[0] == 0 || param[1] != 0 {
				t.Errorf("the param is %v", param[:2])
			}
		}()
	}
	all.Wait()

	param, grad := make([]float32, 64), make([]float32, 64)
	o, _ := oneTensor(t, param, grad)
	for range 100 {
		all.Add(1)
		go func() {
			defer all.Done()
			must(o.Step())(t)
		}()
	}
	all.Wait()
	if info := must(o.Info())(t); info.StepCount != 100 {
		t.Errorf("%d steps", info.StepCount)
	}
	o.Close()
}

func residentBytes(t *testing.T) int {
	var size, resident int
	if _, err := fmt.Sscan(string(must(os.ReadFile("/proc/self/statm"))(t)), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * os.Getpagesize()
}

// Some are closed, others are left to the garbage collector.
func TestManyObjectsLeaveNoMemoryBehind(t *testing.T) {
	use := func(count int) {
		for i := range count {
			o, _ := oneTensor(t, make([]float32, 64), make([]float32, 64))
			must(o.Step())(t)
			if i%2 == 0 {
				o.Close()
			}
		}
		for range 3 {
			runtime.GC()
		}
	}
	use(20_000)
	before := residentBytes(t)
	use(100_000)
	if more := residentBytes(t) - before; more > 32<<20 {
		t.Errorf("%d bytes more", more)
	}
}

func Example() {
	rule, err := gradstep.NewRule("adamw", gradstep.Values{"lr": 0.1, "weight_decay": 0})
	if err != nil {
		panic(err)
	}
	o, err := gradstep.NewOptimizer(gradstep.OptimizerOptions{})
	if err != nil {
		panic(err)
	}
	defer o.Close()
	w, grad := []float32{3, -2}, make([]float32, 2)
	group, err := o.AddGroup("all", gradstep.GroupOptions{Rule: rule})
	if err == nil {
		_, err = o.Add(group, "w", gradstep.Tensor{Param: gradstep.Float32(w), Grad: gradstep.Float32(grad)})
	}
	for step := 0; step < 200 && err == nil; step++ {
		for i := range w {
			grad[i] = 2 * w[i] // the gradient of w squared
		}
		_, err = o.Step()
	}
	fmt.Println(err, max(w[0], -w[0], w[1], -w[1]) < 1e-2)
	// Output: <nil> true
}

// SPDX-License-Identifier: Apache-2.0

package gradstep_test

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"gradstep"
)

func TestPlateausNotesAndLossScalesAreInCheckpoints(t *testing.T) {
	o, w := oneTensor(t, make([]float32, 3), make([]float32, 3))
	defer o.Close()
	group := must(o.TensorInfo(w))(t).Group
	plateau := must(gradstep.NewPlateau(0.5))(t)
	plateau.Patience = 0
	if err := o.SetPlateau(group, &plateau); err != nil {
		t.Fatal(err)
	}
	scaler := must(gradstep.NewLossScaler())(t)
	scaler.Scale = 8
	if err := o.SetLossScaler(&scaler); err != nil {
		t.Fatal(err)
	}
	if err := o.SetNote("epoch", "7"); err != nil {
		t.Fatal(err)
	}
	if count := must(o.ReportMetric(1))(t) + 10*must(o.ReportMetric(2))(t); count != 10 {
		t.Errorf("the two reports have lowered %d", count)
	}
	saved := must(o.SaveBytes(false))(t)

	other, _ := oneTensor(t, make([]float32, 3), make([]float32, 3))
	defer other.Close()
	must(other.LoadBytes(saved, gradstep.LoadOptions{}))(t)
	if names := must(other.NoteNames())(t); !slices.Equal(names, []string{"epoch"}) || must(other.Note("epoch"))(t) != "7" {
		t.Errorf("the notes are %q", names)
	}
	if scale := must(other.LossScaler())(t).Scale; scale != 8 {
		t.Errorf("the loss scale is %v", scale)
	}
	loaded := must(other.Plateau(group))(t)
	if lr := must(other.GroupInfo(group))(t).LR; lr != 0.05 || loaded.LR != 0.05 || loaded.Best != 1 {
		t.Errorf("the rate is %v, the plateau %+v", lr, loaded)
	}
	if err := other.SetPlateau(group, nil); err != nil {
		t.Fatal(err)
	}
	_, err := other.Plateau(group)
	expectError(t, err, gradstep.ErrUnsupported, "plateau")
	if err := other.SetLossScaler(nil); err != nil {
		t.Fatal(err)
	}
	_, err = other.LossScaler()
	expectError(t, err, gradstep.ErrUnsupported, "loss scaler")
}

func TestAPlateauOfItsOwn(t *testing.T) {
	plateau := must(gradstep.NewPlateau(1))(t)
	plateau.Maximize()
	plateau.Factor, plateau.Patience, plateau.Threshold, plateau.IsAbsolute = 0.5, 1, 0.1, true
	reduced := []bool{}
	for _, metric := range []float64{1, 1.05, 1.08, 2, math.NaN(), 0} {
		reduced = append(reduced, must(plateau.Report(metric))(t))
	}
	if !slices.Equal(reduced, []bool{false, false, true, false, false, true}) || plateau.LR != 0.25 {
		t.Errorf("%v, %+v", reduced, plateau)
	}
	plateau.Factor = 2
	before := plateau
	_, err := plateau.Report(0)
	expectError(t, err, gradstep.ErrOutOfRange, "factor")
	if plateau != before {
		t.Error("a failed report has changed the plateau")
	}
	_, err = gradstep.NewPlateau(-1)
	expectError(t, err, gradstep.ErrOutOfRange, "lr")
}

func TestALossScalerOfItsOwn(t *testing.T) {
	scaler := must(gradstep.NewLossScaler())(t)
	if scaler.Scale != 65536 || scaler.GrowthInterval != 2000 {
		t.Errorf("%+v", scaler)
	}
	scaler.GrowthInterval = 2
	for _, isSkipped := range []bool{true, true, true, false, false} {
		if err := scaler.Update(isSkipped); err != nil {
			t.Fatal(err)
		}
	}
	if scaler.Scale != 65536/8*2 {
		t.Errorf("%+v", scaler)
	}
	scaler.BackoffFactor = 1
	expectError(t, scaler.Update(true), gradstep.ErrOutOfRange, "backoff_factor")

	// Within an optimizer: a gradient that is not finite is skipped, and halves the scale.
	grad := []float32{4, 4}
	o, w := oneTensor(t, make([]float32, 2), grad)
	defer o.Close()
	fresh := must(gradstep.NewLossScaler())(t)
	if err := o.SetLossScaler(&fresh); err != nil {
		t.Fatal(err)
	}
	must(o.Step())(t)
	if average := must(o.ReadArray(w, "exp_avg"))(t); math.Abs(average[0]-0.4/65536) > 1e-12 {
		t.Errorf("the gradient was not divided by the scale: %v", average)
	}
	grad[1] = float32(math.Inf(1))
	if result := must(o.Step())(t); !result.IsSkipped || must(o.LossScaler())(t).Scale != 32768 {
		t.Errorf("%+v", result)
	}
}

func TestAStepTensorByTensor(t *testing.T) {
	rule := must(gradstep.NewRule("adamw", nil))(t)
	make64 := func() (*gradstep.Optimizer, [][]float32, []gradstep.TensorID) {
		o := must(gradstep.NewOptimizer(gradstep.OptimizerOptions{}))(t)
		group := must(o.AddGroup("all", gradstep.GroupOptions{Rule: rule}))(t)
		params, ids := make([][]float32, 64), make([]gradstep.TensorID, 64)
		for i := range params {
			params[i] = numbersOf(100, i)
			tensor := gradstep.Tensor{Param: gradstep.Float32(params[i]), Grad: gradstep.Float32(numbersOf(100, i+1))}
			ids[i] = must(o.Add(group, fmt.Sprint("w", i), tensor))(t)
		}
		return o, params, ids
	}
	whole, expected, _ := make64()
	defer whole.Close()
	o, params, ids := make64()
	defer o.Close()
	for range 3 {
		must(whole.Step())(t)
		if err := o.BeginStep(); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for _, id := range ids {
			all.Add(1)
			go func() {
				defer all.Done()
				if err := o.StepTensor(id); err != nil {
					t.Error(err)
				}
			}()
		}
		all.Wait()
		expectError(t, o.StepTensor(ids[0]), gradstep.ErrWrongOrder, "step")
		expectError(t, o.Remove(ids[0]), gradstep.ErrWrongOrder, "step")
		if result := must(o.EndStep())(t); result.LeftOutCount != 0 {
			t.Errorf("%+v", result)
		}
	}
	for i := range params {
		if !slices.Equal(params[i], expected[i]) {
			t.Errorf("tensor %d is %v for %v", i, params[i][:3], expected[i][:3])
		}
	}
	expectError(t, o.StepTensor(ids[0]), gradstep.ErrWrongOrder, "begin_step")
	if err := o.BeginStep(); err != nil {
		t.Fatal(err)
	}
	if result := must(o.EndStep())(t); result.LeftOutCount != 64 {
		t.Errorf("%+v", result)
	}
}

func TestArraysMayMove(t *testing.T) {
	param, grad := numbersOf(100, 1), numbersOf(100, 2)
	o, w := oneTensor(t, param, grad)
	defer o.Close()
	expected := numbersOf(100, 1)
	stays, _ := oneTensor(t, expected, grad[:])
	defer stays.Close()
	for range 5 {
		must(stays.Step())(t)
		must(o.Step())(t)
		param = slices.Clone(param)
		moved := gradstep.Tensor{Param: gradstep.Float32(param), Grad: gradstep.Float32(slices.Clone(grad))}
		if err := o.SetArrays(w, moved); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
	}
	if !slices.Equal(param, expected) {
		t.Errorf("%v for %v", param[:3], expected[:3])
	}
	shorter := gradstep.Tensor{Param: gradstep.Float32(param[:99])}
	expectError(t, o.SetArrays(w, shorter), gradstep.ErrInvalidArgument, "99 elements; it must have 100")
	expectError(t, o.SetArrays(w, gradstep.Tensor{}), gradstep.ErrInvalidArgument, "0 elements")
	expectError(t, o.SetArrays(w+1, shorter), gradstep.ErrOutOfRange, "tensor")
	wider := gradstep.Tensor{Param: gradstep.Float64(make([]float64, 100))}
	expectError(t, o.SetArrays(w, wider), gradstep.ErrInvalidArgument, "param")
}

// Memory that is not of Go's heap: nothing is to be pinned, and nothing breaks.
func TestMemoryOutsideOfTheHeap(t *testing.T) {
	mapped := must(syscall.Mmap(-1, 0, os.Getpagesize(), syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_ANON|syscall.MAP_PRIVATE))(t)
	param := unsafe.Slice((*float32)(unsafe.Pointer(&mapped[0])), len(mapped)/4)
	o, _ := oneTensor(t, param, numbersOf(len(param), 1))
	must(o.Step())(t)
	if param[0] == 0 {
		t.Error("the param has not changed")
	}
	o.Close()
	if err := syscall.Munmap(mapped); err != nil {
		t.Error(err)
	}
}

func TestSettings(t *testing.T) {
	param := []float32{1, 2}
	rule := must(gradstep.NewRule("schedule_free_adamw", gradstep.Values{"lr": 0.1}))(t)
	o := must(gradstep.NewOptimizer(gradstep.OptimizerOptions{}))(t)
	defer o.Close()
	group := must(o.AddGroup("all", gradstep.GroupOptions{Rule: rule}))(t)
	average := make([]float32, 2)
	w := must(o.Add(group, "w", gradstep.Tensor{
		Param: gradstep.Float32(param), Grad: gradstep.Float32([]float32{1, 1}), Average: gradstep.Float32(average),
	}))(t)
	if err := o.StartAverage(w); err != nil || !slices.Equal(average, param) {
		t.Errorf("the average begins as %v: %v", average, err)
	}
	must(o.Step())(t)
	must(o.Step())(t)
	trained := slices.Clone(param)
	if err := o.Transform(group, "evaluate"); err != nil || slices.Equal(param, trained) {
		t.Errorf("evaluate leaves %v: %v", param, err)
	}
	_, err := o.Step()
	expectError(t, err, gradstep.ErrWrongOrder, "w")
	if err := o.Transform(group, "train"); err != nil || math.Abs(float64(param[0]-trained[0])) > 1e-6 {
		t.Errorf("train leaves %v for %v: %v", param, trained, err)
	}
	expectError(t, o.Transform(group, "evaluated"), gradstep.ErrUnknownName, "evaluate")

	schedule := must(gradstep.NewSchedule("step", gradstep.Values{"step_size": 10}))(t)
	for _, err := range []error{
		o.SetSchedule(group, schedule), o.SetStepCount(25), o.SetTensorStepCount(w, 25), o.SetGroupMaxNorm(group, 1),
		o.SetScalar(w, "lr_max", 0.5),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if info := must(o.GroupInfo(group))(t); math.Abs(info.LR-0.001) > 1e-12 || info.MaxNorm != 1 || info.LRScale != 1 {
		t.Errorf("%+v", info)
	}
	if scalar := must(o.Scalar(w, "lr_max"))(t); scalar != 0.5 {
		t.Errorf("lr_max is %v", scalar)
	}
	must(o.Step())(t)
	if info := must(o.TensorInfo(w))(t); info.StepCount != 26 {
		t.Errorf("%+v", info)
	}
	if info := must(o.GroupInfo(group))(t); math.Abs(info.GradNorm-math.Sqrt2) > 1e-12 {
		t.Errorf("%+v", info)
	}
	if err := o.SetSchedule(group, nil); err != nil || must(o.GroupInfo(group))(t).LR != 0.1 {
		t.Errorf("without a schedule: %v", err)
	}
}

// SPDX-License-Identifier: Apache-2.0

// The command bench times a step of gorgonia's AdamSolver and of this package's, in turn.
//
//	go run ./bench small|medium|large 1|2
package main

import (
	"fmt"
	"log"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"time"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gradstep"
	solvers "gradstep/gorgonia"
)

const learnRate = 0.01

// A size is a model of float32 tensors.
type size struct{ tensors, elements, repetitions int }

var sizes = map[string]size{
	"small":  {100, 4096, 15},
	"medium": {8, 1 << 20, 7},
	"large":  {1, 1 << 26, 3},
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: bench small|medium|large THREADS")
	}
	model, isKnown := sizes[os.Args[1]]
	threads, err := strconv.Atoi(os.Args[2])
	if !isKnown || err != nil || threads < 1 {
		log.Fatal("usage: bench small|medium|large THREADS")
	}
	runtime.GOMAXPROCS(threads)
	context := must(gradstep.NewContext(gradstep.ContextOptions{Threads: threads}))
	ours := must(solvers.NewAdamSolver(solvers.WithLearnRate(learnRate), solvers.WithContext(context)))
	theirs := gorgonia.NewAdamSolver(gorgonia.WithLearnRate(learnRate))

	theirRun := newRun(theirs, model)
	before := heapBytes()
	theirRun.repeat(1)
	theirState := float64(heapBytes()-before) / float64(model.tensors*model.elements)
	ourRun := newRun(ours, model)
	ourRun.repeat(1)
	steps := max(theirRun.stepsFor(20*time.Millisecond), ourRun.stepsFor(20*time.Millisecond))
	for range model.repetitions {
		theirRun.times = append(theirRun.times, theirRun.repeat(steps))
		ourRun.times = append(ourRun.times, ourRun.repeat(steps))
	}
	expectEqual(theirRun, ourRun)
	engine, gradstepTime := theirRun.median(), ourRun.median()
	fmt.Printf("gorgonia %s %d threads: engine %.4f ms, gradstep %.4f ms, ratio %.2f\n",
		os.Args[1], threads, engine, gradstepTime, engine/gradstepTime)
	fmt.Printf("bytes of state per param: engine %.2f", theirState)
	for _, dtype := range []gradstep.DType{gradstep.DTypeFloat32, gradstep.DTypeBFloat16, gradstep.DType8Bits} {
		fmt.Printf(", gradstep %v %.2f", dtype, stateBytes(model, dtype))
	}
	fmt.Println()
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// A param is a node without a graph.
type param struct{ value, grad *tensor.Dense }

func (p *param) Value() gorgonia.Value         { return p.value }
func (p *param) Grad() (gorgonia.Value, error) { return p.grad, nil }

// A run is a solver with its own params.
type run struct {
	solver gorgonia.Solver
	params []*param
	model  []gorgonia.ValueGrad
	grads  []float32 // of each tensor, in every step
	times  []float64 // ms per step, of each repetition
	taken  int       // steps
}

func newRun(solver gorgonia.Solver, model size) *run {
	r := &run{solver: solver, grads: make([]float32, model.elements)}
	for i := range r.grads {
		r.grads[i] = float32((i*37)%201-100) / 128
	}
	for range model.tensors {
		values := make([]float32, model.elements)
		for i := range values {
			values[i] = float32((i*11)%97-48) / 64
		}
		p := &param{
			tensor.New(tensor.WithShape(model.elements), tensor.WithBacking(values)),
			tensor.New(tensor.WithShape(model.elements), tensor.Of(tensor.Float32)),
		}
		r.params = append(r.params, p)
		r.model = append(r.model, p)
	}
	return r
}

// repeat makes steps, and returns the ms of one, without the time in which the gradients are written.
func (r *run) repeat(steps int) float64 {
	var taken time.Duration
	for range steps {
		for _, p := range r.params {
			copy(p.grad.Float32s(), r.grads)
		}
		start := time.Now()
		err := r.solver.Step(r.model)
		taken += time.Since(start)
		if err != nil {
			log.Fatal(err)
		}
	}
	r.taken += steps
	return taken.Seconds() * 1e3 / float64(steps)
}

// stepsFor is how many steps take that long.
func (r *run) stepsFor(wanted time.Duration) int {
	return int(math.Ceil(wanted.Seconds() * 1e3 / r.repeat(1)))
}

func (r *run) median() float64 {
	slices.Sort(r.times)
	return r.times[len(r.times)/2]
}

func expectEqual(theirs, ours *run) {
	if theirs.taken != ours.taken {
		log.Fatalf("%d steps and %d", theirs.taken, ours.taken)
	}
	for k := range theirs.params {
		wanted, got := theirs.params[k].value.Float32s(), ours.params[k].value.Float32s()
		for i := range wanted {
			if difference := math.Abs(float64(got[i] - wanted[i])); !(difference <= 1e-3*math.Abs(float64(wanted[i]))+1e-6) {
				log.Fatalf("tensor %d, element %d: %v for %v", k, i, got[i], wanted[i])
			}
		}
	}
}

func heapBytes() uint64 {
	runtime.GC()
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc
}

// stateBytes is for the first tensor of the model, which is like the others.
func stateBytes(model size, dtype gradstep.DType) float64 {
	solver := must(solvers.NewAdamSolver(solvers.WithSlotDType(dtype)))
	defer solver.Close()
	model.tensors = 1
	newRun(solver, model).repeat(1)
	optimizer, _ := solver.Optimizer()
	return float64(must(optimizer.Info()).StateBytes) / float64(model.elements)
}

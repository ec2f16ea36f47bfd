// SPDX-License-Identifier: Apache-2.0

package solvers_test

import (
	"math"
	"testing"

	"gorgonia.org/gorgonia"

	solvers "gradstep/gorgonia"
)

// Each pair has the same constructor, options and defaults.
func pairs(t *testing.T) map[string][2]gorgonia.Solver {
	return map[string][2]gorgonia.Solver{
		"vanilla":  {gorgonia.NewVanillaSolver(), must(solvers.NewVanillaSolver())(t)},
		"momentum": {gorgonia.NewMomentum(), must(solvers.NewMomentum())(t)},
		"adagrad":  {gorgonia.NewAdaGradSolver(), must(solvers.NewAdaGradSolver())(t)},
		"rmsprop":  {gorgonia.NewRMSPropSolver(), must(solvers.NewRMSPropSolver())(t)},
		"adam":     {gorgonia.NewAdamSolver(), must(solvers.NewAdamSolver())(t)},
		"adam with options": {
			gorgonia.NewAdamSolver(gorgonia.WithLearnRate(0.02), gorgonia.WithBeta1(0.8), gorgonia.WithBeta2(0.9),
				gorgonia.WithEps(1e-3), gorgonia.WithBatchSize(4), gorgonia.WithL1Reg(0.1), gorgonia.WithL2Reg(0.2)),
			must(solvers.NewAdamSolver(solvers.WithLearnRate(0.02), solvers.WithBeta1(0.8), solvers.WithBeta2(0.9),
				solvers.WithEps(1e-3), solvers.WithBatchSize(4), solvers.WithL1Reg(0.1), solvers.WithL2Reg(0.2)))(t),
		},
		"vanilla with a clip": {
			gorgonia.NewVanillaSolver(gorgonia.WithLearnRate(0.1), gorgonia.WithBatchSize(2), gorgonia.WithClip(0.2)),
			must(solvers.NewVanillaSolver(solvers.WithLearnRate(0.1), solvers.WithBatchSize(2), solvers.WithClip(0.2)))(t),
		},
		"momentum with options": {
			gorgonia.NewMomentum(gorgonia.WithLearnRate(0.1), gorgonia.WithMomentum(0.5), gorgonia.WithBatchSize(2)),
			must(solvers.NewMomentum(solvers.WithLearnRate(0.1), solvers.WithMomentum(0.5), solvers.WithBatchSize(2)))(t),
		},
		"rmsprop with rho": {
			gorgonia.NewRMSPropSolver(gorgonia.WithRho(0.9)), must(solvers.NewRMSPropSolver(solvers.WithRho(0.9)))(t),
		},
	}
}

func TestTheParamsAreThoseOfGorgoniasSolver(t *testing.T) {
	for name, pair := range pairs(t) {
		theirs, ours := newNode[float64]("w", 3, 5), newNode[float64]("w", 3, 5)
		steps(t, pair[0], 20, theirs)
		steps(t, pair[1], 20, ours)
		expectNear(t, name, ours.value, theirs.value, 1e-13)
	}
	for name, pair := range pairs(t) {
		theirs, ours := newNode[float32]("w", 3, 5), newNode[float32]("w", 3, 5)
		steps(t, pair[0], 20, theirs)
		steps(t, pair[1], 20, ours)
		expectNear(t, name+" of float32", ours.value, theirs.value, 1e-5)
	}
}

// A graph of gorgonia's, stepped by its solver and by this package's.
func TestAGraphIsTrained(t *testing.T) {
	train := func(solver gorgonia.Solver) []float64 {
		g := gorgonia.NewGraph()
		w := gorgonia.NewMatrix(g, gorgonia.Float64, gorgonia.WithShape(3, 2), gorgonia.WithName("w"),
			gorgonia.WithValue(filled[float64]([]int{3, 2}, func(i int) float64 { return float64(i) - 2 })))
		loss := gorgonia.Must(gorgonia.Sum(gorgonia.Must(gorgonia.Square(w))))
		must(gorgonia.Grad(loss, w))(t)
		machine := gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(w))
		defer machine.Close()
		for range 200 {
			if err := machine.RunAll(); err != nil {
				t.Fatal(err)
			}
			if err := solver.Step(gorgonia.NodesToValueGrads(gorgonia.Nodes{w})); err != nil {
				t.Fatal(err)
			}
			machine.Reset()
		}
		return numbers(w.Value())
	}
	ours := train(must(solvers.NewAdamSolver(solvers.WithLearnRate(0.05)))(t))
	theirs := train(gorgonia.NewAdamSolver(gorgonia.WithLearnRate(0.05)))
	for i := range ours {
		if math.Abs(ours[i]-theirs[i]) > 1e-9 || math.Abs(ours[i]) > 0.1 {
			t.Errorf("element %d is %v for %v", i, ours[i], theirs[i])
		}
	}
}

// gorgonia's AdamW computes new params, and does not keep them. README says so as long as it is true.
func TestGorgoniasAdamWLeavesParamsAsTheyAre(t *testing.T) {
	g := gorgonia.NewGraph()
	w := gorgonia.NewVector(g, gorgonia.Float64, gorgonia.WithShape(2), gorgonia.WithName("w"),
		gorgonia.WithValue(filled[float64]([]int{2}, func(i int) float64 { return float64(i) + 1 })))
	loss := gorgonia.Must(gorgonia.Sum(gorgonia.Must(gorgonia.Square(w))))
	must(gorgonia.Grad(loss, w))(t)
	machine := gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(w))
	defer machine.Close()
	if err := machine.RunAll(); err != nil {
		t.Fatal(err)
	}
	model := gorgonia.NodesToValueGrads(gorgonia.Nodes{w})
	if err := gorgonia.NewAdamW(gorgonia.WithLearnRate(0.1)).Step(model); err != nil {
		t.Fatal(err)
	}
	if got := numbers(w.Value()); got[0] != 1 || got[1] != 2 {
		t.Errorf("it has changed them: %v", got)
	}
	machine.Reset()
	if err := machine.RunAll(); err != nil {
		t.Fatal(err)
	}
	if err := must(solvers.NewAdamW(solvers.WithLearnRate(0.1)))(t).Step(model); err != nil {
		t.Fatal(err)
	}
	if got := numbers(w.Value()); got[0] == 1 || got[1] == 2 {
		t.Errorf("this package has not changed them: %v", got)
	}
}

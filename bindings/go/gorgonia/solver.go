// SPDX-License-Identifier: Apache-2.0

package solvers

import (
	"fmt"
	"slices"
	"sync"

	"gorgonia.org/gorgonia"

	"gradstep"
)

// A Solver steps the nodes of a model by a rule. It implements gorgonia.Solver.
type Solver struct {
	lock      sync.Mutex
	optimizer *gradstep.Optimizer
	group     gradstep.GroupID
	gradScale float64
	params    map[gorgonia.ValueGrad]*param
	round     uint64    // the calls with a model, failed ones too
	found     []element // memory for the elements of the present model
}

var _ gorgonia.Solver = (*Solver)(nil)

// A param is a node that the solver has state of.
type param struct {
	id          gradstep.TensorID
	value, grad gradstep.Array // where they were at the last step; no grad: not in the model then
	round       uint64         // the last one whose model had the node
}

func newEmptySolver(optimizer *gradstep.Optimizer, group gradstep.GroupID, gradScale float64) *Solver {
	return &Solver{
		optimizer: optimizer, group: group, gradScale: gradScale, params: map[gorgonia.ValueGrad]*param{},
	}
}

// Step steps every node of the model, and zeroes its gradient.
//
// State belongs to the node, not to its place in the list. The list may change from call to call: a node
// that is new begins at step 1; one that is missing stays as it is, and goes on where it was when it is
// back. A node's value and gradient may be other arrays of the same length in every call.
func (s *Solver) Step(model []gorgonia.ValueGrad) error {
	return s.with(model, func() error {
		_, err := s.optimizer.StepScaled(s.gradScale)
		return err
	})
}

// with calls f when the optimizer has the nodes of the model, and no gradients of other nodes.
func (s *Solver) with(model []gorgonia.ValueGrad, f func() error) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	if err := s.find(model); err != nil {
		return err
	}
	added, err := s.take()
	if err == nil {
		err = f()
	}
	if err != nil {
		s.drop(added)
	}
	return err
}

// find finds the elements of the model, which has each node once.
func (s *Solver) find(model []gorgonia.ValueGrad) error {
	s.found = s.found[:0]
	s.round++
	var fresh map[gorgonia.ValueGrad]bool
	for i, node := range model {
		if !isKey(node) {
			return invalid("model[%d] is %T; it must be a node, or a pointer to a type of your own", i, node)
		}
		isAgain := false
		if p, isKnown := s.params[node]; isKnown {
			isAgain, p.round = p.round == s.round, s.round
		} else {
			if fresh == nil {
				fresh = map[gorgonia.ValueGrad]bool{}
			}
			isAgain, fresh[node] = fresh[node], true
		}
		if isAgain {
			return invalid("model[%d] is model[%d] again; a node may be there once", i, slices.Index(model, node))
		}
		e, err := elementOf(node, i)
		if err != nil {
			return err
		}
		s.found = append(s.found, e)
	}
	return nil
}

// take gives the optimizer the arrays of the elements found, and takes the gradients of all other nodes
// from it. It returns the nodes that are new, also if it fails.
func (s *Solver) take() (added []gorgonia.ValueGrad, err error) {
	if err := s.restOthers(); err != nil {
		return nil, err
	}
	for _, e := range s.found {
		p, isKnown := s.params[e.node]
		if !isKnown {
			if p, err = s.add(e); err != nil {
				return added, err
			}
			added = append(added, e.node)
		} else if p.value != e.value {
			err = s.optimizer.SetArrays(p.id, e.arrays())
		} else if p.grad != e.grad {
			err = s.optimizer.SetGrad(p.id, e.grad)
		}
		if err != nil {
			return added, err
		}
		p.value, p.grad = e.value, e.grad
	}
	return added, nil
}

// restOthers makes nodes that are not in the model take no part in the step.
func (s *Solver) restOthers() error {
	for _, p := range s.params {
		if p.round == s.round || p.grad.DType() == 0 {
			continue
		}
		if err := s.optimizer.SetGrad(p.id, gradstep.Array{}); err != nil {
			return err
		}
		p.grad = gradstep.Array{}
	}
	return nil
}

func (e element) arrays() gradstep.Tensor {
	return gradstep.Tensor{Param: e.value, Grad: e.grad, Rows: e.rows, Columns: e.columns}
}

// add adds a node by its name or, if another node has it, by the name and a number.
func (s *Solver) add(e element) (*param, error) {
	name := e.name()
	for number := 2; ; number++ {
		if _, err := s.optimizer.FindTensor(name); err != nil {
			break
		}
		name = fmt.Sprintf("%s#%d", e.name(), number)
	}
	id, err := s.optimizer.Add(s.group, name, e.arrays())
	if err != nil {
		return nil, err
	}
	p := &param{id: id, round: s.round}
	s.params[e.node] = p
	return p, nil
}

func (s *Solver) drop(nodes []gorgonia.ValueGrad) {
	for _, node := range nodes {
		if err := s.optimizer.Remove(s.params[node].id); err == nil {
			delete(s.params, node)
		}
	}
}

// Forget frees the state of a node, and unpins its arrays. It does nothing for a node without state.
func (s *Solver) Forget(node gorgonia.ValueGrad) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	p, isKnown := s.params[node]
	if !isKnown {
		return nil
	}
	err := s.optimizer.Remove(p.id)
	if err == nil {
		delete(s.params, node)
	}
	return err
}

// LearnRate returns the learning rate of the next step.
func (s *Solver) LearnRate() (float64, error) {
	info, err := s.optimizer.GroupInfo(s.group)
	return info.LR, err
}

// SetLearnRate sets the learning rate or, with a schedule, its base.
func (s *Solver) SetLearnRate(eta float64) error { return s.optimizer.Set(s.group, "lr", eta) }

// Optimizer returns the optimizer within, which has one group and a tensor for each node: to look at
// state, or to change a hyper-parameter. Do not close it, add tensors or remove them.
func (s *Solver) Optimizer() (*gradstep.Optimizer, gradstep.GroupID) { return s.optimizer, s.group }

// Close frees the state, and unpins values and gradients. A solver that nobody has any more is closed by
// the garbage collector.
func (s *Solver) Close() { s.optimizer.Close() }

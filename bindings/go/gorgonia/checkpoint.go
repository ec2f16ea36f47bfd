// SPDX-License-Identifier: Apache-2.0

package solvers

import (
	"gorgonia.org/gorgonia"

	"gradstep"
)

// Save writes the state of every node to a file, without the nodes' values. The file is replaced as a
// whole or not at all. Every language's package reads it.
func (s *Solver) Save(path string) error { return s.optimizer.Save(path, false) }

// Load loads what Save has written: state, step counts, learning rate and the other hyper-parameters. The
// solver has the same rule, and the model the same nodes by name and length; nodes of the same name are
// told apart by their order in the list. On a failure nothing has changed.
func (s *Solver) Load(path string, model []gorgonia.ValueGrad) error {
	return s.with(model, func() error {
		_, err := s.optimizer.Load(path, gradstep.LoadOptions{})
		return err
	})
}

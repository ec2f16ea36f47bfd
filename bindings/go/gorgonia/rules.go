// SPDX-License-Identifier: Apache-2.0

package solvers

import "gradstep"

// NewAdamSolver creates a solver of Adam: learning rate 0.001, beta1 0.9, beta2 0.999, eps 1e-8.
func NewAdamSolver(options ...Option) (*Solver, error) { return NewSolver("adam", options...) }

// NewAdamW creates a solver of AdamW: as Adam, with weight decay 0.01 outside of the gradient.
func NewAdamW(options ...Option) (*Solver, error) { return NewSolver("adamw", options...) }

// NewVanillaSolver creates a solver of gradient descent without momentum: learning rate 0.001.
func NewVanillaSolver(options ...Option) (*Solver, error) {
	return newSolver("sgd", gradstep.Values{"lr": 0.001}, options)
}

// NewMomentum creates a solver of gradient descent with momentum 0.9 and learning rate 0.001. The
// velocity holds steps, learning rate included, and not gradients.
func NewMomentum(options ...Option) (*Solver, error) {
	return newSolver("sgd", gradstep.Values{"lr": 0.001, "momentum": 0.9, "lr_in_velocity": 1}, options)
}

// NewAdaGradSolver creates a solver of Adagrad: learning rate 0.001, eps 1e-8 within the root.
func NewAdaGradSolver(options ...Option) (*Solver, error) {
	return newSolver("adagrad", gradstep.Values{"lr": 0.001, "eps": 1e-8, "eps_inside": 1}, options)
}

// NewRMSPropSolver creates a solver of RMSprop: learning rate 0.001, rho 0.999, eps 1e-8 within the root.
func NewRMSPropSolver(options ...Option) (*Solver, error) {
	defaults := gradstep.Values{"lr": 0.001, "alpha": 0.999, "eps": 1e-8, "eps_inside": 1}
	return newSolver("rmsprop", defaults, options)
}

// NewSolver creates a solver of any rule that gradstep.Rules lists, with the rule's own defaults.
func NewSolver(rule string, options ...Option) (*Solver, error) { return newSolver(rule, nil, options) }

func newSolver(ruleName string, defaults gradstep.Values, options []Option) (*Solver, error) {
	info, err := gradstep.DescribeRule(ruleName)
	if err != nil {
		return nil, err
	}
	c := config{rule: info, values: gradstep.Values{}, batch: 1}
	for name, value := range defaults {
		c.values[name] = value
	}
	for _, option := range options {
		option(&c)
	}
	if c.err != nil {
		return nil, c.err
	}
	// The penalties are divided by the batch size, as the gradient they are added to.
	for name, penalty := range map[string]*float64{"l1_penalty": c.l1, "weight_decay": c.l2} {
		if penalty != nil {
			c.values[name] = *penalty / c.batch
		}
	}
	return c.solver()
}

func (c *config) solver() (*Solver, error) {
	rule, err := gradstep.NewRule(c.rule.Name, c.values)
	if err != nil {
		return nil, err
	}
	defer rule.Close()
	c.group.Rule = rule
	c.optimizer.ZeroGrad = true
	optimizer, err := gradstep.NewOptimizer(c.optimizer)
	if err != nil {
		return nil, err
	}
	group, err := optimizer.AddGroup("all", c.group)
	if err != nil {
		optimizer.Close()
		return nil, err
	}
	return newEmptySolver(optimizer, group, 1/c.batch), nil
}

// SPDX-License-Identifier: Apache-2.0

package solvers

import (
	"fmt"
	"math"
	"strings"

	"gradstep"
)

// An Option is an argument of the functions that create a solver.
type Option func(*config)

// A config is what options have said.
type config struct {
	rule      gradstep.RuleInfo
	values    gradstep.Values // hyper-parameters
	l1, l2    *float64
	batch     float64
	optimizer gradstep.OptimizerOptions
	group     gradstep.GroupOptions
	err       error // the first option that does not suit the rule
}

func invalid(format string, arguments ...any) error {
	return &gradstep.Error{Kind: gradstep.ErrInvalidArgument, Sentence: fmt.Sprintf(format, arguments...)}
}

func (c *config) fail(format string, arguments ...any) {
	if c.err == nil {
		c.err = invalid(format, arguments...)
	}
}

func (c *config) has(hyperparameter string) bool {
	for _, each := range c.rule.Hyperparameters {
		if each.Name == hyperparameter {
			return true
		}
	}
	return false
}

// With sets a hyper-parameter by the name that gradstep has for it: gradstep.DescribeRule tells them.
func With(hyperparameter string, value float64) Option {
	return func(c *config) { c.values[hyperparameter] = value }
}

// WithLearnRate sets the learning rate.
func WithLearnRate(eta float64) Option { return With("lr", eta) }

// WithEps sets the number that keeps the denominator from zero.
func WithEps(eps float64) Option { return With("eps", eps) }

// WithBeta1 sets the decay of the average of gradients.
func WithBeta1(beta1 float64) Option { return With("beta1", beta1) }

// WithBeta2 sets the decay of the average of squared gradients.
func WithBeta2(beta2 float64) Option { return With("beta2", beta2) }

// WithMomentum sets the weight of past gradients.
func WithMomentum(momentum float64) Option { return With("momentum", momentum) }

// WithWeightDecay sets the rule's own weight decay, which is not divided by the batch size.
func WithWeightDecay(decay float64) Option { return With("weight_decay", decay) }

// WithRho sets the decay of the average of squared gradients of RMSProp and Adadelta. Of AdamW it sets
// the weight decay, as in gorgonia.
func WithRho(rho float64) Option {
	return func(c *config) {
		for _, name := range []string{"rho", "alpha"} {
			if c.has(name) {
				c.values[name] = rho
				return
			}
		}
		if c.rule.Name != "adamw" {
			c.fail("WithRho is for rmsprop, adadelta and adamw, and the rule is %s", c.rule.Name)
		}
		c.values["weight_decay"] = rho
	}
}

// WithL1Reg adds l1 times the sign of the param to the gradient, before it is divided by the batch size.
func WithL1Reg(l1 float64) Option { return func(c *config) { c.l1 = &l1 } }

// WithL2Reg adds l2 times the param to the gradient, before it is divided by the batch size. It is an
// error for a rule that keeps weight decay out of the gradient: WithWeightDecay is for these.
func WithL2Reg(l2 float64) Option {
	return func(c *config) {
		if !strings.Contains(c.rule.Formula, "g <- g + l1_penalty sign(p) + weight_decay p") {
			c.fail("WithL2Reg: %s has no L2 penalty in the gradient; WithWeightDecay may suit", c.rule.Name)
		}
		c.l2 = &l2
	}
}

// WithBatchSize divides gradients by the number of examples, at least 1, that their losses were added up
// for.
func WithBatchSize(batch float64) Option {
	return func(c *config) {
		if !(batch >= 1) || math.IsInf(batch, 1) {
			c.fail("the batch size is %v; it must be at least 1, and finite", batch)
		}
		c.batch = batch
	}
}

// WithClip clips each element of the gradients to between -clip and clip, after the division by the batch
// size.
func WithClip(clip float64) Option { return func(c *config) { c.optimizer.MaxValue = &clip } }

// WithClipNorm clips the gradients of all nodes by their common norm.
func WithClipNorm(norm float64) Option { return func(c *config) { c.optimizer.MaxNorm = &norm } }

// WithSchedule makes the learning rate follow a schedule, which is copied. Its base is WithLearnRate.
func WithSchedule(schedule *gradstep.Schedule) Option {
	return func(c *config) { c.group.Schedule = schedule }
}

// WithSlotDType sets the dtype of state: bfloat16 halves its memory, gradstep.DType8Bits quarters it.
func WithSlotDType(dtype gradstep.DType) Option { return func(c *config) { c.group.SlotDType = dtype } }

// WithContext sets the threads that steps run on; otherwise they are those that all optimizers of the
// process share.
func WithContext(context *gradstep.Context) Option {
	return func(c *config) { c.optimizer.Context = context }
}

// SPDX-License-Identifier: Apache-2.0

package gradstep

// #include <gradstep/gradstep.h>
import "C"

import (
	"runtime"
	"sync"
	"unsafe"
)

// Values are hyper-parameters by name. A flag is 0 or 1.
type Values map[string]float64

// A Rule is an update formula with a value for each of its hyper-parameters.
type Rule struct {
	*handle
	info RuleInfo
}

var errNoRule = invalid("Rule is nil; NewRule creates one")

// NewRule creates a rule; hyper-parameters that `values` does not have are at their defaults.
func NewRule(name string, values Values) (*Rule, error) {
	info, err := knownRule(name)
	if err != nil {
		return nil, err
	}
	destroy := func(p unsafe.Pointer) { C.gradstep_rule_destroy((*C.gradstep_rule)(p)) }
	h, err := created("rule", destroy, func(into word) error {
		var m memory
		defer m.free()
		return m.call("gradstep_rule_create", m.name("rule_name", name), into)
	})
	if err != nil {
		return nil, err
	}
	r := &Rule{h, info}
	runtime.AddCleanup(r, (*handle).close, h)
	for key, value := range values {
		if err := r.Set(key, value); err != nil {
			r.Close()
			return nil, err
		}
	}
	return r, nil
}

var knownRules sync.Map // by name

// knownRule is DescribeRule, which asks the library once for each name.
func knownRule(name string) (RuleInfo, error) {
	if info, isKnown := knownRules.Load(name); isKnown {
		return info.(RuleInfo), nil
	}
	info, err := DescribeRule(name)
	if err == nil {
		knownRules.Store(name, info)
	}
	return info, err
}

// Info tells what the rule is.
func (r *Rule) Info() RuleInfo { return r.info }

// Set sets a hyper-parameter.
func (r *Rule) Set(name string, value float64) error {
	return setValue(r.handle, "gradstep_rule_set", name, value)
}

// Get reads a hyper-parameter.
func (r *Rule) Get(name string) (float64, error) {
	return getValue(r.handle, "gradstep_rule_get", name)
}

// Check checks that the hyper-parameters go together; every step does too.
func (r *Rule) Check() error {
	return r.use(func(h word) error { return call("gradstep_rule_check", h) })
}

// Close frees the rule. Optimizers have copies.
func (r *Rule) Close() { r.close() }

// A Schedule is the learning rate as a function of the step.
type Schedule struct{ *handle }

func newSchedule(create func(into word) error) (*Schedule, error) {
	destroy := func(p unsafe.Pointer) { C.gradstep_schedule_destroy((*C.gradstep_schedule)(p)) }
	h, err := created("schedule", destroy, create)
	if err != nil {
		return nil, err
	}
	s := &Schedule{h}
	runtime.AddCleanup(s, (*handle).close, h)
	return s, nil
}

// NewSchedule creates a schedule. Hyper-parameters without a default must be set.
func NewSchedule(name string, values Values) (*Schedule, error) {
	s, err := newSchedule(func(into word) error {
		var m memory
		defer m.free()
		return m.call("gradstep_schedule_create", m.name("schedule_name", name), into)
	})
	if err != nil {
		return nil, err
	}
	for key, value := range values {
		if err := s.Set(key, value); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// NewSequence makes a schedule of schedules: each part for its number of steps, the last one for ever
// (its length is 0). The parts are copied.
func NewSequence(parts []*Schedule, lengths []uint64) (*Schedule, error) {
	if len(parts) != len(lengths) {
		return nil, invalid("there are not as many lengths as parts")
	}
	return newSchedule(func(into word) error {
		var m memory
		defer m.free()
		pointers := zeroed[unsafe.Pointer](&m, len(parts))
		counts := zeroed[C.uint64_t](&m, len(parts))
		for i, part := range parts {
			pointer, err := part.retain()
			if err != nil {
				return err
			}
			defer part.release()
			pointers[i], counts[i] = pointer, C.uint64_t(lengths[i])
		}
		return m.call("gradstep_schedule_create_sequence", address(unsafe.SliceData(pointers)),
			address(unsafe.SliceData(counts)), integer(len(parts)), into)
	})
}

// Set sets a hyper-parameter.
func (s *Schedule) Set(name string, value float64) error {
	return setValue(s.handle, "gradstep_schedule_set", name, value)
}

// Get reads a hyper-parameter.
func (s *Schedule) Get(name string) (float64, error) {
	return getValue(s.handle, "gradstep_schedule_get", name)
}

// SetList sets a hyper-parameter that is a list: milestones.
func (s *Schedule) SetList(name string, values []float64) error {
	var m memory
	defer m.free()
	copied := zeroed[float64](&m, len(values))
	copy(copied, values)
	cName := m.name("name", name)
	return s.change(func(h word) error {
		return m.call("gradstep_schedule_set_list", h, cName, address(unsafe.SliceData(copied)),
			integer(len(values)))
	})
}

// LR returns the learning rate at step t, counted from 0.
func (s *Schedule) LR(baseLR, t float64) (float64, error) {
	return s.evaluate("gradstep_schedule_lr", number(baseLR), number(t))
}

// Momentum returns the momentum at step t, if the schedule drives it.
func (s *Schedule) Momentum(t float64) (float64, error) {
	return s.evaluate("gradstep_schedule_momentum", number(t))
}

func (s *Schedule) evaluate(function string, arguments ...word) (float64, error) {
	var m memory
	defer m.free()
	value := one[float64](&m)
	err := s.use(func(h word) error {
		return call(function, append(append([]word{h}, arguments...), address(value))...)
	})
	return *value, err
}

// Close frees the schedule. Optimizers have copies.
func (s *Schedule) Close() { s.close() }

func setValue(of *handle, function, name string, value float64) error {
	var m memory
	defer m.free()
	cName := m.name("name", name)
	return of.change(func(h word) error { return m.call(function, h, cName, number(value)) })
}

func getValue(of *handle, function, name string) (float64, error) {
	var m memory
	defer m.free()
	cName, value := m.name("name", name), one[float64](&m)
	err := of.use(func(h word) error { return m.call(function, h, cName, address(value)) })
	return *value, err
}

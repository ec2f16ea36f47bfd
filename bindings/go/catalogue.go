// SPDX-License-Identifier: Apache-2.0

package gradstep

// #include <gradstep/gradstep.h>
import "C"

import (
	"math"
	"unsafe"
)

// A HyperparameterInfo describes a hyper-parameter of a rule or a schedule.
type HyperparameterInfo struct {
	Name             string
	Help             string
	Default          float64 // NaN: a value must be set
	Minimum, Maximum float64
	IsFlag           bool // 0 or 1
	IsInteger        bool
	IsList           bool // any number of values: Schedule.SetList
}

// A RuleInfo describes an update formula.
type RuleInfo struct {
	Name, Summary, Formula, Source string
	Hyperparameters                []HyperparameterInfo
	Slots                          []string // the names of its arrays of state
	Scalars                        []string // the names of the single numbers of its state
}

// A ScheduleInfo describes a course of the learning rate.
type ScheduleInfo struct {
	Name, Summary, Formula, Source string
	Hyperparameters                []HyperparameterInfo
}

// Version is that of the running library: "0.2.0".
func Version() string { return text(C.gradstep_version_text()) }

// InstructionSets returns the names of those that this CPU can run, from the lowest to the highest.
func InstructionSets() []string {
	var names []string
	for i := range C.gradstep_isa_count() {
		if C.gradstep_isa_is_available(i) == 1 {
			names = append(names, text(C.gradstep_isa_name(i)))
		}
	}
	return names
}

// Rules returns all rules, in the library's order.
func Rules() []RuleInfo {
	var all []RuleInfo
	for i := range C.gradstep_rule_count() {
		info, err := DescribeRule(text(C.gradstep_rule_name(i)))
		if err != nil {
			panic(err)
		}
		all = append(all, info)
	}
	return all
}

// DescribeRule tells what a rule is.
func DescribeRule(name string) (RuleInfo, error) {
	var m memory
	defer m.free()
	cName := m.name("rule_name", name)
	raw := one[C.gradstep_rule_info](&m)
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	if err := m.call("gradstep_rule_describe", cName, address(raw)); err != nil {
		return RuleInfo{}, err
	}
	info := RuleInfo{
		Name: text(raw.name), Summary: text(raw.summary), Formula: text(raw.formula), Source: text(raw.source),
	}
	var err error
	info.Hyperparameters, err = hyperparameters(&m, "gradstep_rule_describe_hyperparameter", cName,
		raw.hyperparameter_count)
	for i := range raw.slot_count {
		slot := one[C.gradstep_slot_info](&m)
		slot.struct_size = C.size_t(unsafe.Sizeof(*slot))
		if err == nil {
			err = m.call("gradstep_rule_describe_slot", cName, word(i), address(slot))
		}
		info.Slots = append(info.Slots, text(slot.name))
	}
	for i := range raw.scalar_count {
		scalar := one[C.gradstep_scalar_info](&m)
		scalar.struct_size = C.size_t(unsafe.Sizeof(*scalar))
		if err == nil {
			err = m.call("gradstep_rule_describe_scalar", cName, word(i), address(scalar))
		}
		info.Scalars = append(info.Scalars, text(scalar.name))
	}
	return info, err
}

// Schedules returns all schedules, in the library's order.
func Schedules() []ScheduleInfo {
	var all []ScheduleInfo
	for i := range C.gradstep_schedule_count() {
		info, err := DescribeSchedule(text(C.gradstep_schedule_name(i)))
		if err != nil {
			panic(err)
		}
		all = append(all, info)
	}
	return all
}

// DescribeSchedule tells what a schedule is.
func DescribeSchedule(name string) (ScheduleInfo, error) {
	var m memory
	defer m.free()
	cName := m.name("schedule_name", name)
	raw := one[C.gradstep_schedule_info](&m)
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	if err := m.call("gradstep_schedule_describe", cName, address(raw)); err != nil {
		return ScheduleInfo{}, err
	}
	all, err := hyperparameters(&m, "gradstep_schedule_describe_hyperparameter", cName, raw.hyperparameter_count)
	return ScheduleInfo{text(raw.name), text(raw.summary), text(raw.formula), text(raw.source), all}, err
}

func hyperparameters(m *memory, describe string, name word, count C.size_t) ([]HyperparameterInfo, error) {
	var all []HyperparameterInfo
	for i := range count {
		raw := one[C.gradstep_hyperparameter_info](m)
		raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
		if err := m.call(describe, name, word(i), address(raw)); err != nil {
			return nil, err
		}
		all = append(all, HyperparameterInfo{
			Name: text(raw.name), Help: text(raw.help), Default: float64(raw.default_value),
			Minimum: float64(raw.minimum), Maximum: float64(raw.maximum),
			IsFlag:    raw.kind == C.GRADSTEP_FLAG,
			IsInteger: raw.kind == C.GRADSTEP_INTEGER,
			IsList:    raw.kind == C.GRADSTEP_LIST,
		})
	}
	return all, nil
}

// HasDefault tells whether there is a value without setting one.
func (h HyperparameterInfo) HasDefault() bool { return !math.IsNaN(h.Default) }

// SPDX-License-Identifier: Apache-2.0

package gradstep

// #include <gradstep/gradstep.h>
import "C"

import (
	"fmt"
	"runtime"
	"slices"
	"unsafe"
)

// A State is the state of one parameter for [Apply]: the slots and scalars of its rule, in Go's memory.
// One goroutine at a time may use it.
type State struct {
	rule    RuleInfo
	like    Tensor // of the parameter: its shape, and a Param whose elements are not used
	slots   []slot
	scalars []float64
}

// A slot is an array of the library's own kinds.
type slot struct {
	data   []uint64 // aligned for every dtype
	scales []float32
	dtype  DType
	count  int // 0: the rule does not use the slot
}

// StateOptions tell what a state is for. The zero value is for a flat parameter, and for slots in the type
// of the arithmetic.
type StateOptions struct {
	Rows, Columns int   // of the parameter's matrices, for rules that look at them; 0: it has none
	SlotDType     DType // wanted for slots; 0: the type of the arithmetic
}

// NewState makes the state that a parameter has before its first step. The rule may be closed afterwards.
func NewState(rule *Rule, param Array, options StateOptions) (*State, error) {
	if rule == nil {
		return nil, errNoRule
	}
	if param.dtype == 0 {
		return nil, invalid("param is the zero Array; make one of a slice: Float32(slice)")
	}
	if options.Rows < 0 || options.Columns < 0 {
		return nil, negativeShape(options.Rows, options.Columns)
	}
	scalars, err := initialScalars(rule, C.GRADSTEP_SCOPE_TENSOR)
	if err != nil {
		return nil, err
	}
	like := Tensor{
		Param: Array{nil, param.len, param.dtype}, Rows: options.Rows, Columns: options.Columns,
	}
	s := &State{rule: rule.info, like: like, scalars: scalars}
	for index := range rule.info.Slots {
		layout, err := s.layout(rule, index, options.SlotDType)
		if err != nil {
			return nil, err
		}
		made, err := newSlot(layout, param)
		if err != nil {
			return nil, err
		}
		s.slots = append(s.slots, made)
	}
	return s, nil
}

func newSlot(layout C.gradstep_slot_layout, param Array) (slot, error) {
	if layout.is_used == 0 {
		return slot{}, nil
	}
	s := slot{
		data: make([]uint64, (layout.bytes+7)/8), scales: make([]float32, layout.extra_bytes/4),
		dtype: DType(layout.dtype), count: int(layout.count),
	}
	values := make([]float64, s.count)
	if layout.start == C.GRADSTEP_START_PARAM {
		if err := param.convert("gradstep_array_read", nil, values); err != nil {
			return s, err
		}
	} else if layout.initial_value == 0 {
		return s, nil
	} else {
		for i := range values {
			values[i] = float64(layout.initial_value)
		}
	}
	return s, s.array().convert("gradstep_array_write", s.scales, values)
}

func (s slot) array() Array { return Array{unsafe.Pointer(unsafe.SliceData(s.data)), s.count, s.dtype} }

// pinned gives the slot to the struct, until the pins are undone.
func (s slot) pinned(pins *runtime.Pinner, into *C.gradstep_array) error {
	if s.count == 0 {
		return nil
	}
	if len(s.scales) > 0 {
		pins.Pin(unsafe.SliceData(s.scales))
		into.extra = unsafe.Pointer(unsafe.SliceData(s.scales))
	}
	return s.array().pinned("a slot", s.count, pins, into)
}

// convert calls gradstep_array_read or gradstep_array_write.
func (a Array) convert(function string, scales []float32, values []float64) error {
	if len(values) == 0 {
		return nil
	}
	var m memory
	defer m.free()
	var pins runtime.Pinner
	defer pins.Unpin()
	raw := one[C.gradstep_array](&m)
	if err := a.pinned("the array", len(values), &pins, raw); err != nil {
		return err
	}
	if len(scales) > 0 {
		pins.Pin(unsafe.SliceData(scales))
		raw.extra = unsafe.Pointer(unsafe.SliceData(scales))
	}
	pins.Pin(unsafe.SliceData(values))
	return call(function, address(raw), integer(len(values)), address(unsafe.SliceData(values)))
}

// Read copies a slot: "exp_avg".
func (s *State) Read(slot string) ([]float64, error) {
	found, err := s.find(slot)
	if err != nil {
		return nil, err
	}
	values := make([]float64, found.count)
	return values, found.array().convert("gradstep_array_read", found.scales, values)
}

// Write replaces the numbers of a slot, rounded to its dtype.
func (s *State) Write(slot string, values []float64) error {
	found, err := s.find(slot)
	if err != nil {
		return err
	}
	if len(values) != found.count {
		return invalid(fmt.Sprintf("there are %d values; %s has %d elements", len(values), slot, found.count))
	}
	return found.array().convert("gradstep_array_write", found.scales, slices.Clone(values))
}

// Scalars returns the single numbers of the rule's state, to read and to write them.
func (s *State) Scalars() []float64 { return s.scalars }

func (s *State) find(name string) (slot, error) {
	index := slices.Index(s.rule.Slots, name)
	if index < 0 || s.slots[index].count == 0 {
		return slot{}, &Error{ErrUnknownName, fmt.Sprintf("the state of %s has no slot %q; there may be %q",
			s.rule.Name, name, s.rule.Slots)}
	}
	return s.slots[index], nil
}

// check finds out whether the rule, with its present hyper-parameters, finds every slot at its size.
func (s *State) check(rule *Rule) error {
	if s.rule.Name != rule.info.Name {
		return invalid(fmt.Sprintf("the state is that of %s, and the rule is %s", s.rule.Name, rule.info.Name))
	}
	for index, each := range s.slots {
		layout, err := s.layout(rule, index, 0)
		if err != nil {
			return err
		}
		if layout.is_used == 1 && each.count != int(layout.count) {
			return invalid(fmt.Sprintf("the state's %s has %d elements, and %s now needs %d: its hyper-parameters "+
				"have changed since the state was made", s.rule.Slots[index], each.count, s.rule.Name, layout.count))
		}
	}
	return nil
}

func (s *State) layout(rule *Rule, index int, dtype DType) (layout C.gradstep_slot_layout, err error) {
	var m memory
	defer m.free()
	raw, into := one[C.gradstep_tensor](&m), one[C.gradstep_slot_layout](&m)
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	raw.count = C.uint64_t(s.like.Param.len)
	raw.rows, raw.columns = C.uint64_t(s.like.Rows), C.uint64_t(s.like.Columns)
	raw.param.dtype = C.int32_t(s.like.Param.dtype)
	into.struct_size = C.size_t(unsafe.Sizeof(*into))
	err = rule.use(func(h word) error {
		return call("gradstep_rule_slot_layout", h, integer(index), address(raw), integer(dtype), address(into))
	})
	return *into, err
}

// SharedScalars returns the numbers that all tensors of a rule share, before the first step: see
// ApplyOptions. Prodigy has them.
func SharedScalars(rule *Rule) ([]float64, error) { return initialScalars(rule, C.GRADSTEP_SCOPE_ALL) }

func initialScalars(rule *Rule, scope C.int32_t) ([]float64, error) {
	var m memory
	defer m.free()
	cName := m.name("rule_name", rule.info.Name)
	var values []float64
	for index := range rule.info.Scalars {
		raw := one[C.gradstep_scalar_info](&m)
		raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
		if err := m.call("gradstep_rule_describe_scalar", cName, integer(index), address(raw)); err != nil {
			return nil, err
		}
		if raw.scope != scope {
			continue
		}
		value := float64(raw.initial_value)
		if raw.initial_hyperparameter != nil {
			var err error
			if value, err = rule.Get(text(raw.initial_hyperparameter)); err != nil {
				return nil, err
			}
		}
		values = append(values, value)
	}
	return values, nil
}

// SPDX-License-Identifier: Apache-2.0

package gradstep

// #include <gradstep/gradstep.h>
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"
)

// An ApplyTensor is a parameter in a call of [Apply]: slices of the same length. No array that is written,
// and no state, may be in two tensors of a call.
type ApplyTensor struct {
	Param   Array
	Grad    Array
	Copy    Array  // absent, or receives the param in another dtype
	Average Array  // absent, or the moving average: Float64 beside such a param, otherwise Float32
	State   *State // made for a param of this length and dtype
	Key     uint64 // distinguishes tensors in stochastic rounding; 0: 1 + the place in the list
}

// ApplyOptions are the options of one step. Of a pointer, nil means that it is not done.
type ApplyOptions struct {
	Step             uint64    // t of the formulas, counted from 1
	GradScale        *float64  // multiplies each gradient: 1 / loss scale
	MaxNorm          *float64  // clips by the global norm of the scaled gradients
	MaxValue         *float64  // clips each element of the scaled gradients
	AverageDecay     *float64  // moves averages towards the new params by 1 - decay
	AverageEqual     bool      // averages are means of all params
	CheckFinite      bool      // skips the step if a gradient is not finite
	ZeroGrad         bool      // zeroes the gradients
	StochasticParams bool      // rounds 16-bit params stochastically
	NearestSlots     bool      // rounds narrow slots to nearest
	FreshSlots       bool      // a slot is used for the first time: momentum that is switched on
	Seed             uint64    // of stochastic rounding
	Shared           []float64 // the scalars that all tensors share: SharedScalars
}

func (o ApplyOptions) fill(raw *C.gradstep_apply_options, pins *runtime.Pinner) {
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	raw.step, raw.seed = C.uint64_t(o.Step), C.uint64_t(o.Seed)
	raw.flags = setNumbers([]setNumber{
		{o.GradScale, C.GRADSTEP_APPLY_GRAD_SCALE, &raw.grad_scale},
		{o.MaxNorm, C.GRADSTEP_APPLY_MAX_NORM, &raw.max_norm},
		{o.MaxValue, C.GRADSTEP_APPLY_MAX_VALUE, &raw.max_value},
		{o.AverageDecay, C.GRADSTEP_APPLY_AVERAGE, &raw.average_decay},
	})
	raw.flags |= flagsOf([]setFlag{
		{o.AverageEqual, C.GRADSTEP_APPLY_AVERAGE | C.GRADSTEP_APPLY_AVERAGE_EQUAL},
		{o.CheckFinite, C.GRADSTEP_APPLY_CHECK_FINITE},
		{o.ZeroGrad, C.GRADSTEP_APPLY_ZERO_GRAD},
		{o.StochasticParams, C.GRADSTEP_APPLY_STOCHASTIC_PARAM},
		{o.NearestSlots, C.GRADSTEP_APPLY_NEAREST_SLOTS},
		{o.FreshSlots, C.GRADSTEP_APPLY_FRESH_SLOTS},
	})
	raw.scalars, raw.scalar_count = pinnedNumbers(o.Shared, pins)
}

func pinnedNumbers(numbers []float64, pins *runtime.Pinner) (*C.double, C.size_t) {
	if len(numbers) == 0 {
		return nil, 0
	}
	pins.Pin(unsafe.SliceData(numbers))
	return (*C.double)(unsafe.SliceData(numbers)), C.size_t(len(numbers))
}

// Apply makes one step of the rule for all tensors, on the threads of the context, or of the process's if
// it is nil. The slices are the caller's
// alone until it returns; nothing stays pinned. The bits are those of an optimizer's step.
func Apply(context *Context, rule *Rule, tensors []ApplyTensor, options ApplyOptions) (StepResult, error) {
	if context == nil {
		var err error
		if context, err = SharedContext(); err != nil {
			return StepResult{}, err
		}
	}
	if rule == nil {
		return StepResult{}, errNoRule
	}
	var m memory
	defer m.free()
	var pins runtime.Pinner
	defer pins.Unpin()
	raw := zeroed[C.gradstep_tensor](&m, len(tensors))
	for i, tensor := range tensors {
		if err := tensor.pinned(rule, &raw[i], &m, &pins); err != nil {
			return StepResult{}, inTensor(i, err)
		}
	}
	rawOptions, result := one[C.gradstep_apply_options](&m), newResult(&m)
	options.fill(rawOptions, &pins)
	err := context.use(func(hContext word) error {
		return rule.use(func(hRule word) error {
			return call("gradstep_apply", hContext, hRule, address(unsafe.SliceData(raw)), integer(len(tensors)),
				address(rawOptions), address(result))
		})
	})
	return stepResult(result), err
}

// inTensor makes the error's sentence begin with the tensor's place.
func inTensor(place int, err error) error {
	var of *Error
	if !errors.As(err, &of) {
		return err
	}
	return &Error{of.Kind, fmt.Sprintf("tensors[%d]: %s", place, of.Sentence)}
}

func (t ApplyTensor) pinned(rule *Rule, raw *C.gradstep_tensor, m *memory, pins *runtime.Pinner) error {
	if t.State == nil {
		return invalid("State is nil; NewState makes one")
	}
	if made := t.State.like.Param; t.Param.len != made.len || t.Param.dtype != made.dtype {
		return invalid(fmt.Sprintf("Param has %d elements of %v, and State was made for %d of %v",
			t.Param.len, t.Param.dtype, made.len, made.dtype))
	}
	if err := t.State.check(rule); err != nil {
		return err
	}
	all := Tensor{t.Param, t.Grad, t.Copy, t.Average, t.State.like.Rows, t.State.like.Columns}
	if err := all.pinWith(pins, pins, raw); err != nil {
		return err
	}
	raw.key = C.uint64_t(t.Key)
	slots := zeroed[C.gradstep_array](m, len(t.State.slots))
	for i, each := range t.State.slots {
		if err := each.pinned(pins, &slots[i]); err != nil {
			return err
		}
	}
	if len(slots) > 0 {
		raw.slots, raw.slot_count = unsafe.SliceData(slots), C.size_t(len(slots))
	}
	raw.scalars, raw.scalar_count = pinnedNumbers(t.State.scalars, pins)
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package gradstep

// #include <gradstep/gradstep.h>
import "C"

import (
	"runtime"
	"sync"
	"unsafe"
)

// A GroupID is a group of an optimizer.
type GroupID int

// A TensorID is a tensor of an optimizer.
type TensorID int

// AllTensors is for calls that take all tensors.
const AllTensors TensorID = -1

// An Optimizer has parameters in groups, with their state, step counts and learning rates.
type Optimizer struct{ *optimizer }

// An optimizer is what is left of an Optimizer that nobody has any more, until it is cleaned up.
type optimizer struct {
	*handle
	context *handle
	pinning sync.Mutex
	pins    map[TensorID]*tensorPins // nil: closed
}

// The arrays of a tensor stay where they are, its gradient until another takes its place.
type tensorPins struct{ arrays, grad *runtime.Pinner }

func newTensorPins() *tensorPins { return &tensorPins{new(runtime.Pinner), new(runtime.Pinner)} }

func (p *tensorPins) unpin() {
	p.arrays.Unpin()
	p.grad.Unpin()
}

// OptimizerOptions are the options of all steps. Of a pointer, nil means that it is not done.
type OptimizerOptions struct {
	Context          *Context // nil: the process's
	MaxNorm          *float64 // clips by the global norm of all gradients of a step
	MaxValue         *float64 // clips each element of the gradients
	AverageDecay     *float64 // moves the averages of tensors that have one
	AverageEqual     bool     // the averages are means of all params
	CheckFinite      bool     // skips steps in which a gradient is not finite
	ZeroGrad         bool     // steps zero the gradients
	StochasticParams bool     // rounds 16-bit params stochastically
	NearestSlots     bool     // rounds narrow slots to nearest
	Seed             uint64   // of stochastic rounding
}

func (o OptimizerOptions) fill(raw *C.gradstep_optimizer_options) {
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	raw.seed = C.uint64_t(o.Seed)
	set := func(value *float64, flag C.uint64_t, into *C.double) {
		if value != nil {
			raw.flags |= flag
			*into = C.double(*value)
		}
	}
	set(o.MaxNorm, C.GRADSTEP_APPLY_MAX_NORM, &raw.max_norm)
	set(o.MaxValue, C.GRADSTEP_APPLY_MAX_VALUE, &raw.max_value)
	set(o.AverageDecay, C.GRADSTEP_APPLY_AVERAGE, &raw.average_decay)
	for _, each := range []struct {
		isSet bool
		flags C.uint64_t
	}{
		{o.AverageEqual, C.GRADSTEP_APPLY_AVERAGE | C.GRADSTEP_APPLY_AVERAGE_EQUAL},
		{o.CheckFinite, C.GRADSTEP_APPLY_CHECK_FINITE},
		{o.ZeroGrad, C.GRADSTEP_APPLY_ZERO_GRAD},
		{o.StochasticParams, C.GRADSTEP_APPLY_STOCHASTIC_PARAM},
		{o.NearestSlots, C.GRADSTEP_APPLY_NEAREST_SLOTS},
	} {
		if each.isSet {
			raw.flags |= each.flags
		}
	}
}

// NewOptimizer creates an optimizer without groups. Close it when it is no longer needed: until then its
// params and gradients are pinned.
func NewOptimizer(options OptimizerOptions) (*Optimizer, error) {
	context := options.Context
	if context == nil {
		var err error
		if context, err = SharedContext(); err != nil {
			return nil, err
		}
	}
	inUse, err := context.retain()
	if err != nil {
		return nil, err
	}
	var m memory
	defer m.free()
	raw := one[C.gradstep_optimizer_options](&m)
	options.fill(raw)
	destroy := func(p unsafe.Pointer) { C.gradstep_optimizer_destroy((*C.gradstep_optimizer)(p)) }
	h, err := created("optimizer", destroy, func(into word) error {
		return m.call("gradstep_optimizer_create", word(uintptr(inUse)), address(raw), into)
	})
	if err != nil {
		context.release()
		return nil, err
	}
	o := &Optimizer{&optimizer{handle: h, context: context.handle, pins: map[TensorID]*tensorPins{}}}
	runtime.AddCleanup(o, (*optimizer).Close, o.optimizer)
	return o, nil
}

// Close destroys the optimizer, after the calls that use it, and unpins its arrays.
func (o *optimizer) Close() {
	o.pinning.Lock()
	defer o.pinning.Unlock()
	if o.pins == nil {
		return
	}
	o.close()
	for _, pins := range o.pins {
		pins.unpin()
	}
	o.pins = nil
	o.context.release()
}

// SetOptions replaces all options, from the next step on; the context stays.
func (o *Optimizer) SetOptions(options OptimizerOptions) error {
	var m memory
	defer m.free()
	raw := one[C.gradstep_optimizer_options](&m)
	options.fill(raw)
	return o.use(func(h word) error {
		return m.call("gradstep_optimizer_set_options", h, address(raw))
	})
}

// GroupOptions tell what a group is made of. Rule and schedule are copied.
type GroupOptions struct {
	Rule      *Rule     // its lr is the base rate of the schedule
	Schedule  *Schedule // nil: a constant rate
	LRScale   *float64  // multiplies the schedule's rate
	MaxNorm   *float64  // clips the group by the norm of its own gradients
	SlotDType DType     // wanted for slots; 0: the type of the arithmetic
}

// AddGroup adds a group, whose name no other group has.
func (o *Optimizer) AddGroup(name string, options GroupOptions) (GroupID, error) {
	var m memory
	defer m.free()
	raw, index := one[C.gradstep_group_options](&m), one[C.size_t](&m)
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	raw.name = m.text("name", name)
	raw.slot_dtype = C.int32_t(options.SlotDType)
	if options.Rule == nil {
		return 0, invalid("Rule is nil; a group needs one")
	}
	rule, err := options.Rule.retain()
	if err != nil {
		return 0, err
	}
	defer options.Rule.release()
	raw.rule = (*C.gradstep_rule)(rule)
	if options.Schedule != nil {
		schedule, err := options.Schedule.retain()
		if err != nil {
			return 0, err
		}
		defer options.Schedule.release()
		raw.schedule = (*C.gradstep_schedule)(schedule)
	}
	if options.LRScale != nil {
		raw.lr_scale, raw.flags = C.double(*options.LRScale), raw.flags|C.GRADSTEP_GROUP_LR_SCALE
	}
	if options.MaxNorm != nil {
		raw.max_norm, raw.flags = C.double(*options.MaxNorm), raw.flags|C.GRADSTEP_GROUP_MAX_NORM
	}
	err = o.use(func(h word) error {
		return m.call("gradstep_optimizer_add_group", h, address(raw), address(index))
	})
	return GroupID(*index), err
}

// A Tensor is a parameter: slices of the same length.
type Tensor struct {
	Param         Array
	Grad          Array // absent (the zero value): SetGrad sets it
	Copy          Array // absent, or receives the param in another dtype
	Average       Array // absent, or the moving average: Float64 beside such a param, otherwise Float32
	Rows, Columns int   // of its matrices, for rules that look at them; 0: it has none
}

// Add adds a tensor, whose name no other tensor has. The arrays are pinned until Remove or Close.
func (o *Optimizer) Add(group GroupID, name string, tensor Tensor) (TensorID, error) {
	var m memory
	defer m.free()
	raw, index := one[C.gradstep_tensor](&m), one[C.size_t](&m)
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	raw.count = C.uint64_t(tensor.Param.len)
	if tensor.Rows < 0 || tensor.Columns < 0 {
		return 0, invalid("Rows or Columns is below 0")
	}
	raw.rows, raw.columns = C.uint64_t(tensor.Rows), C.uint64_t(tensor.Columns)
	o.pinning.Lock()
	defer o.pinning.Unlock()
	pins := newTensorPins()
	raw.grad.dtype = C.int32_t(tensor.Param.dtype)
	for _, each := range []struct {
		what string
		from Array
		pins *runtime.Pinner
		into *C.gradstep_array
	}{
		{"Param", tensor.Param, pins.arrays, &raw.param},
		{"Grad", tensor.Grad, pins.grad, &raw.grad},
		{"Copy", tensor.Copy, pins.arrays, &raw.copy},
		{"Average", tensor.Average, pins.arrays, &raw.average},
	} {
		if err := each.from.pinned(each.what, tensor.Param.len, each.pins, each.into); err != nil {
			pins.unpin()
			return 0, err
		}
	}
	cName := m.name("name", name)
	err := o.use(func(h word) error {
		return m.call("gradstep_optimizer_add_tensor", h, integer(group), cName, address(raw), address(index))
	})
	if err != nil {
		pins.unpin()
		return 0, err
	}
	id := TensorID(*index)
	o.pins[id] = pins
	return id, nil
}

// Remove removes a tensor, and unpins its arrays. The name is free again.
func (o *Optimizer) Remove(tensor TensorID) error {
	o.pinning.Lock()
	defer o.pinning.Unlock()
	err := o.use(func(h word) error {
		return call("gradstep_optimizer_remove_tensor", h, integer(tensor))
	})
	if err == nil {
		o.pins[tensor].unpin()
		delete(o.pins, tensor)
	}
	return err
}

// SetGrad replaces a tensor's gradient, in the dtype that it has. The zero Array: it takes no part in steps.
func (o *Optimizer) SetGrad(tensor TensorID, grad Array) error {
	o.pinning.Lock()
	defer o.pinning.Unlock()
	info, err := o.TensorInfo(tensor)
	if err != nil {
		return err
	}
	if grad.dtype != 0 && (grad.dtype != info.gradDType || grad.len != info.Count) {
		return invalid("the gradient must have the dtype and the length of the one before")
	}
	pins := new(runtime.Pinner)
	if grad.len > 0 {
		pins.Pin(grad.data)
	}
	err = o.use(func(h word) error {
		return call("gradstep_optimizer_set_grad", h, integer(tensor), word(uintptr(grad.data)))
	})
	if err != nil {
		pins.Unpin()
		return err
	}
	o.pins[tensor].grad.Unpin()
	o.pins[tensor].grad = pins
	return nil
}

// A StepResult tells what a step has done.
type StepResult struct {
	IsSkipped      bool    // nothing was changed: a gradient is not finite
	IsStopped      bool    // nothing was changed: the rule stopped the step
	GradNorm       float64 // of the scaled gradients before clipping; 0 unless the step needed it
	NonFiniteCount uint64  // elements of gradients; 0 unless the step looked for them
	ClipFactor     float64 // by which the gradients were clipped
}

// Step steps every tensor that has a gradient and is not frozen.
func (o *Optimizer) Step() (StepResult, error) { return o.StepScaled(1) }

// StepScaled is as Step; the factor multiplies each gradient.
func (o *Optimizer) StepScaled(gradScale float64) (StepResult, error) {
	var m memory
	defer m.free()
	raw, result := one[C.gradstep_step_options](&m), one[C.gradstep_apply_result](&m)
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	raw.flags, raw.grad_scale = C.GRADSTEP_STEP_GRAD_SCALE, C.double(gradScale)
	result.struct_size = C.size_t(unsafe.Sizeof(*result))
	err := o.use(func(h word) error {
		return call("gradstep_optimizer_step", h, address(raw), address(result))
	})
	return StepResult{
		IsSkipped: result.is_skipped != 0, IsStopped: result.is_stopped != 0,
		GradNorm: float64(result.grad_norm), NonFiniteCount: uint64(result.non_finite_count),
		ClipFactor: float64(result.clip_factor),
	}, err
}

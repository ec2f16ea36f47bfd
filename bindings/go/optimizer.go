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
	raw.flags = setNumbers([]setNumber{
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
	})
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
		return 0, errNoRule
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
	raw.flags = C.uint32_t(setNumbers([]setNumber{
		{options.LRScale, C.GRADSTEP_GROUP_LR_SCALE, &raw.lr_scale},
		{options.MaxNorm, C.GRADSTEP_GROUP_MAX_NORM, &raw.max_norm},
	}))
	err = o.use(func(h word) error {
		return m.call("gradstep_optimizer_add_group", h, address(raw), address(index))
	})
	return GroupID(*index), err
}

// SPDX-License-Identifier: Apache-2.0

package gradstep

// #include <gradstep/gradstep.h>
import "C"

import "unsafe"

// An OptimizerInfo has the counts of an optimizer.
type OptimizerInfo struct {
	GroupCount, TensorCount int
	StepCount, SkippedCount uint64
	GradNorm                float64 // of the last step; 0 if that step did not need it
	StateBytes              int     // of slots and accumulated gradients
}

// A GroupInfo tells what a group is at present.
type GroupInfo struct {
	Name, Rule, Schedule string // Schedule "": none
	TensorCount          int
	LR                   float64 // of the next step
	LRScale              float64 // multiplies the schedule's rate
	MaxNorm              float64 // 0: the group is not clipped by its own norm
	GradNorm             float64 // of the last step; 0 without MaxNorm
}

// A TensorInfo tells what a tensor is at present.
type TensorInfo struct {
	Name         string
	Group        GroupID
	Count        int
	StepCount    uint64 // steps in which it took part
	IsFrozen     bool
	HasGrad      bool
	AverageCount uint64
}

// Info returns the optimizer's counts.
func (o *Optimizer) Info() (OptimizerInfo, error) {
	var m memory
	defer m.free()
	raw := one[C.gradstep_optimizer_info](&m)
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	err := o.use(func(h word) error { return call("gradstep_optimizer_describe", h, address(raw)) })
	return OptimizerInfo{
		int(raw.group_count), int(raw.tensor_count), uint64(raw.step_count), uint64(raw.skipped_count),
		float64(raw.grad_norm), int(raw.state_bytes),
	}, err
}

// GroupInfo tells what a group is.
func (o *Optimizer) GroupInfo(group GroupID) (info GroupInfo, err error) {
	var m memory
	defer m.free()
	raw := one[C.gradstep_group_info](&m)
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	err = o.use(func(h word) error {
		if err := call("gradstep_optimizer_describe_group", h, integer(group), address(raw)); err != nil {
			return err
		}
		info = GroupInfo{
			text(raw.name), text(raw.rule_name), text(raw.schedule_name), int(raw.tensor_count), float64(raw.lr),
			float64(raw.lr_scale), float64(raw.max_norm), float64(raw.grad_norm),
		}
		return nil
	})
	return
}

// TensorInfo tells what a tensor is.
func (o *Optimizer) TensorInfo(tensor TensorID) (info TensorInfo, err error) {
	var m memory
	defer m.free()
	raw := one[C.gradstep_tensor_info](&m)
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	err = o.use(func(h word) error {
		if err := call("gradstep_optimizer_describe_tensor", h, integer(tensor), address(raw)); err != nil {
			return err
		}
		info = TensorInfo{
			text(raw.name), GroupID(raw.group), int(raw.count), uint64(raw.step_count), raw.is_frozen != 0,
			raw.has_grad != 0, uint64(raw.average_count),
		}
		return nil
	})
	return
}

// FindGroup returns the group of this name.
func (o *Optimizer) FindGroup(name string) (GroupID, error) {
	index, err := o.find("gradstep_optimizer_find_group", name)
	return GroupID(index), err
}

// FindTensor returns the tensor of this name.
func (o *Optimizer) FindTensor(name string) (TensorID, error) {
	index, err := o.find("gradstep_optimizer_find_tensor", name)
	return TensorID(index), err
}

func (o *Optimizer) find(function, name string) (int, error) {
	var m memory
	defer m.free()
	cName, index := m.name("name", name), one[C.size_t](&m)
	err := o.use(func(h word) error { return m.call(function, h, cName, address(index)) })
	return int(*index), err
}

// RemoveGroup removes a group that has no tensors.
func (o *Optimizer) RemoveGroup(group GroupID) error {
	return o.use(func(h word) error { return call("gradstep_optimizer_remove_group", h, integer(group)) })
}

// Move moves a tensor to another group; state that the new rule knows by name goes along.
func (o *Optimizer) Move(tensor TensorID, group GroupID) error {
	return o.use(func(h word) error {
		return call("gradstep_optimizer_move_tensor", h, integer(tensor), integer(group))
	})
}

// SetFrozen: a frozen tensor takes no part in steps.
func (o *Optimizer) SetFrozen(tensor TensorID, isFrozen bool) error {
	return o.use(func(h word) error {
		return call("gradstep_optimizer_set_frozen", h, integer(tensor), flag(isFrozen))
	})
}

// Set sets a hyper-parameter of a group's rule; "lr" is the base rate of its schedule.
func (o *Optimizer) Set(group GroupID, name string, value float64) error {
	var m memory
	defer m.free()
	cName := m.name("name", name)
	return o.use(func(h word) error {
		return m.call("gradstep_optimizer_set_hyperparameter", h, integer(group), cName, number(value))
	})
}

// Get reads a hyper-parameter of a group's rule.
func (o *Optimizer) Get(group GroupID, name string) (float64, error) {
	return o.value("gradstep_optimizer_get_hyperparameter", integer(group), name)
}

// Scalar reads a single number of the state of a tensor's rule: "d" of prodigy.
func (o *Optimizer) Scalar(tensor TensorID, name string) (float64, error) {
	return o.value("gradstep_optimizer_get_scalar", integer(tensor), name)
}

func (o *Optimizer) value(function string, index word, name string) (float64, error) {
	var m memory
	defer m.free()
	cName, value := m.name("name", name), one[float64](&m)
	err := o.use(func(h word) error { return m.call(function, h, index, cName, address(value)) })
	return *value, err
}

// SetScalar replaces such a number.
func (o *Optimizer) SetScalar(tensor TensorID, name string, value float64) error {
	var m memory
	defer m.free()
	cName := m.name("name", name)
	return o.use(func(h word) error {
		return m.call("gradstep_optimizer_set_scalar", h, integer(tensor), cName, number(value))
	})
}

// SetSchedule replaces a group's schedule by a copy of this one; nil: a constant rate.
func (o *Optimizer) SetSchedule(group GroupID, schedule *Schedule) error {
	var pointer word
	if schedule != nil {
		retained, err := schedule.retain()
		if err != nil {
			return err
		}
		defer schedule.release()
		pointer = word(uintptr(retained))
	}
	return o.use(func(h word) error {
		return call("gradstep_optimizer_set_schedule", h, integer(group), pointer)
	})
}

// SetGroupMaxNorm clips a group by the norm of its own gradients; 0: it is not.
func (o *Optimizer) SetGroupMaxNorm(group GroupID, norm float64) error {
	return o.use(func(h word) error {
		return call("gradstep_optimizer_set_group_max_norm", h, integer(group), number(norm))
	})
}

// SetStepCount sets the number of the optimizer's steps, for a run that another program began.
func (o *Optimizer) SetStepCount(count uint64) error {
	return o.use(func(h word) error { return call("gradstep_optimizer_set_step_count", h, integer(count)) })
}

// SetTensorStepCount sets the number of steps in which a tensor took part.
func (o *Optimizer) SetTensorStepCount(tensor TensorID, count uint64) error {
	return o.use(func(h word) error {
		return call("gradstep_optimizer_set_tensor_step_count", h, integer(tensor), integer(count))
	})
}

// Transform replaces the params of a group by what its rule is evaluated with, or back:
// schedule_free_adamw has "evaluate" and "train". Steps are ErrWrongOrder in between.
func (o *Optimizer) Transform(group GroupID, name string) error {
	var m memory
	defer m.free()
	cName := m.name("name", name)
	return o.use(func(h word) error {
		return m.call("gradstep_optimizer_transform", h, integer(group), cName)
	})
}

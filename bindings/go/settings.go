// SPDX-License-Identifier: Apache-2.0

package gradstep

// #include <gradstep/gradstep.h>
import "C"

import "unsafe"

// An OptimizerInfo has the counts of an optimizer.
type OptimizerInfo struct {
	GroupCount, TensorCount int
	StepCount, SkippedCount uint64
	StateBytes              int // of slots and accumulated gradients
}

// A GroupInfo tells what a group is at present.
type GroupInfo struct {
	Name, Rule, Schedule string // Schedule "": none
	TensorCount          int
	LR                   float64 // of the next step
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
	gradDType    DType
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
		int(raw.state_bytes),
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
			raw.has_grad != 0, uint64(raw.average_count), DType(raw.grad_dtype),
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

// Accumulate adds the gradient, times scale, to the tensor's sum, which the next step uses in its place.
func (o *Optimizer) Accumulate(tensor TensorID, scale float64) error {
	return o.use(func(h word) error {
		return call("gradstep_optimizer_accumulate", h, integer(tensor), number(scale))
	})
}

// ReadArray copies a tensor's array: a slot ("exp_avg"), "param", "average" or "accumulated_grad".
func (o *Optimizer) ReadArray(tensor TensorID, name string) (values []float64, err error) {
	err = o.array(tensor, name, func(m *memory, array *C.gradstep_array, count int) error {
		copied := zeroed[float64](m, count)
		err := call("gradstep_array_read", address(array), integer(count), address(unsafe.SliceData(copied)))
		values = append(values, copied...)
		return err
	})
	return
}

// WriteArray replaces the numbers of such an array, rounded to its dtype.
func (o *Optimizer) WriteArray(tensor TensorID, name string, values []float64) error {
	return o.array(tensor, name, func(m *memory, array *C.gradstep_array, count int) error {
		if len(values) != count {
			return invalid("there are not as many values as the array has elements")
		}
		copied := zeroed[float64](m, count)
		copy(copied, values)
		return call("gradstep_array_write", address(array), integer(count), address(unsafe.SliceData(copied)))
	})
}

func (o *Optimizer) array(
	tensor TensorID, name string, f func(*memory, *C.gradstep_array, int) error,
) error {
	var m memory
	defer m.free()
	cName, array, count := m.name("array_name", name), one[C.gradstep_array](&m), one[C.size_t](&m)
	return o.use(func(h word) error {
		err := m.call("gradstep_optimizer_get_array", h, integer(tensor), cName, address(array), address(count))
		if err != nil {
			return err
		}
		return f(&m, array, int(*count))
	})
}

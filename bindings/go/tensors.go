// SPDX-License-Identifier: Apache-2.0

package gradstep

// #include <gradstep/gradstep.h>
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

// The arrays of a tensor stay where they are, its gradient until another takes its place.
type tensorPins struct {
	arrays, grad *runtime.Pinner
	count        int
	gradDType    DType
}

func (p *tensorPins) unpin() {
	p.arrays.Unpin()
	p.grad.Unpin()
}

// A Tensor is a parameter: slices of the same length.
type Tensor struct {
	Param         Array
	Grad          Array // absent (the zero value): SetGrad sets it
	Copy          Array // absent, or receives the param in another dtype
	Average       Array // absent, or the moving average: Float64 beside such a param, otherwise Float32
	Rows, Columns int   // of its matrices, for rules that look at them; 0: it has none
}

// pinned gives the tensor to the struct, with its arrays pinned.
func (t Tensor) pinned(raw *C.gradstep_tensor) (*tensorPins, error) {
	pins := &tensorPins{arrays: new(runtime.Pinner), grad: new(runtime.Pinner), count: t.Param.len}
	if err := t.pinWith(pins.arrays, pins.grad, raw); err != nil {
		pins.unpin()
		return nil, err
	}
	pins.gradDType = DType(raw.grad.dtype)
	return pins, nil
}

// pinWith is as pinned, but leaves the arrays pinned if it fails.
func (t Tensor) pinWith(arrays, grad *runtime.Pinner, raw *C.gradstep_tensor) error {
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	raw.count = C.uint64_t(t.Param.len)
	if t.Rows < 0 || t.Columns < 0 {
		return negativeShape(t.Rows, t.Columns)
	}
	raw.rows, raw.columns = C.uint64_t(t.Rows), C.uint64_t(t.Columns)
	raw.grad.dtype = C.int32_t(t.Param.dtype)
	for _, each := range []struct {
		what string
		from Array
		pins *runtime.Pinner
		into *C.gradstep_array
	}{
		{"Param", t.Param, arrays, &raw.param},
		{"Grad", t.Grad, grad, &raw.grad},
		{"Copy", t.Copy, arrays, &raw.copy},
		{"Average", t.Average, arrays, &raw.average},
	} {
		if err := each.from.pinned(each.what, t.Param.len, each.pins, each.into); err != nil {
			return err
		}
	}
	return nil
}

func negativeShape(rows, columns int) error {
	return invalid(fmt.Sprintf("Rows is %d and Columns is %d; neither may be below 0", rows, columns))
}

// Add adds a tensor, whose name no other tensor has. The arrays are pinned until Remove or Close.
func (o *Optimizer) Add(group GroupID, name string, tensor Tensor) (TensorID, error) {
	var m memory
	defer m.free()
	raw, index := one[C.gradstep_tensor](&m), one[C.size_t](&m)
	cName := m.name("name", name)
	o.pinning.Lock()
	defer o.pinning.Unlock()
	pins, err := tensor.pinned(raw)
	if err != nil {
		return 0, err
	}
	err = o.use(func(h word) error {
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

// SetArrays replaces all arrays of a tensor, as when they have moved: the state goes on. Length, rows,
// columns and the type of the arithmetic are as before. The old arrays are unpinned.
func (o *Optimizer) SetArrays(tensor TensorID, arrays Tensor) error {
	var m memory
	defer m.free()
	raw := one[C.gradstep_tensor](&m)
	o.pinning.Lock()
	defer o.pinning.Unlock()
	before, isKnown := o.pins[tensor]
	if !isKnown {
		_, err := o.TensorInfo(tensor)
		return err
	}
	if arrays.Param.len != before.count {
		return invalid(fmt.Sprintf("Param has %d elements; it must have %d, as the one before",
			arrays.Param.len, before.count))
	}
	pins, err := arrays.pinned(raw)
	if err != nil {
		return err
	}
	err = o.use(func(h word) error {
		return call("gradstep_optimizer_set_param", h, integer(tensor), address(raw), 0, 0)
	})
	if err != nil {
		pins.unpin()
		return err
	}
	before.unpin()
	o.pins[tensor] = pins
	return nil
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
	before, isKnown := o.pins[tensor]
	if !isKnown {
		_, err := o.TensorInfo(tensor)
		return err
	}
	if grad.dtype != 0 && (grad.dtype != before.gradDType || grad.len != before.count) {
		return invalid(fmt.Sprintf("the gradient has %d elements of %v; it must have %d of %v, the dtype of the one before",
			grad.len, grad.dtype, before.count, before.gradDType))
	}
	pins := new(runtime.Pinner)
	if grad.len > 0 {
		pins.Pin(grad.data)
	}
	err := o.use(func(h word) error {
		return call("gradstep_optimizer_set_grad", h, integer(tensor), word(uintptr(grad.data)))
	})
	if err != nil {
		pins.Unpin()
		return err
	}
	before.grad.Unpin()
	before.grad = pins
	return nil
}

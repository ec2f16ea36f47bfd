// SPDX-License-Identifier: Apache-2.0

package gradstep

// #include <gradstep/gradstep.h>
import "C"

import "unsafe"

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

// StartAverage copies the param, as it is now, to the average, whose count is then 1.
func (o *Optimizer) StartAverage(tensor TensorID) error {
	return o.use(func(h word) error { return call("gradstep_optimizer_start_average", h, integer(tensor)) })
}

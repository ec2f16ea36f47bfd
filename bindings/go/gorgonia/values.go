// SPDX-License-Identifier: Apache-2.0

package solvers

import (
	"fmt"
	"reflect"
	"unsafe"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gradstep"
)

// An element of a model: a node, and where its numbers are.
type element struct {
	node          gorgonia.ValueGrad
	place         int // in the model
	value, grad   gradstep.Array
	rows, columns int
}

// isKey tells whether a map may have the node as a key.
func isKey(node gorgonia.ValueGrad) bool {
	if _, isNode := node.(*gorgonia.Node); isNode {
		return true
	}
	return node != nil && reflect.ValueOf(node).Comparable()
}

func elementOf(node gorgonia.ValueGrad, place int) (element, error) {
	e := element{node: node, place: place}
	value := node.Value()
	grad, err := node.Grad()
	if err != nil {
		return e, e.invalid("has no gradient: %v", err)
	}
	if e.value, err = arrayOf(value); err != nil {
		return e, e.invalid("has a value that is %v", err)
	}
	if e.grad, err = arrayOf(grad); err != nil {
		return e, e.invalid("has a gradient that is %v", err)
	}
	shape, gradShape := value.Shape(), grad.Shape()
	if !shape.Eq(gradShape) || e.grad.Len() != e.value.Len() {
		return e, e.invalid("has a value of shape %v and a gradient of shape %v; both must be the same", shape, gradShape)
	}
	if e.grad.DType() != e.value.DType() {
		return e, e.invalid("has a value of %v and a gradient of %v; both must be the same",
			e.value.DType(), e.grad.DType())
	}
	if len(shape) >= 2 && e.value.Len() > 0 {
		e.rows, e.columns = shape[len(shape)-2], shape[len(shape)-1]
	}
	return e, nil
}

func (e element) invalid(format string, arguments ...any) error {
	return invalid("model[%d] (%s) %s", e.place, e.name(), fmt.Sprintf(format, arguments...))
}

// name is the node's own, or its place in the model.
func (e element) name() string {
	if namer, isNamer := e.node.(gorgonia.Namer); isNamer && namer.Name() != "" {
		return namer.Name()
	}
	return fmt.Sprintf("param.%d", e.place)
}

// arrayOf finds the numbers of a value. The error goes on with "that is".
func arrayOf(value gorgonia.Value) (gradstep.Array, error) {
	switch v := value.(type) {
	case *tensor.Dense:
		if v != nil {
			return denseArray(v)
		}
	case *gorgonia.F32:
		if v != nil {
			return gradstep.Float32(unsafe.Slice((*float32)(v), 1)), nil
		}
	case *gorgonia.F64:
		if v != nil {
			return gradstep.Float64(unsafe.Slice((*float64)(v), 1)), nil
		}
	}
	return gradstep.Array{}, fmt.Errorf("of type %T; it must be a *tensor.Dense, *gorgonia.F32 or *gorgonia.F64", value)
}

func denseArray(dense *tensor.Dense) (gradstep.Array, error) {
	switch {
	case !dense.IsNativelyAccessible():
		return gradstep.Array{}, fmt.Errorf("a tensor whose memory Go cannot use; it must be in main memory")
	case dense.IsMasked():
		return gradstep.Array{}, fmt.Errorf("a masked tensor; it must have no mask")
	case dense.RequiresIterator() || dense.DataOrder().IsColMajor() || dense.DataOrder().IsTransposed():
		return gradstep.Array{}, fmt.Errorf("a tensor of shape %v whose elements do not follow each other in row-major "+
			"order: a view or a transposed one; Materialize or Clone makes one that does", dense.Shape())
	}
	var array gradstep.Array
	switch dense.Dtype() {
	case tensor.Float32:
		array = gradstep.Float32(dense.Float32s())
	case tensor.Float64:
		array = gradstep.Float64(dense.Float64s())
	default:
		return array, fmt.Errorf("a tensor of %v; it must be of float32 or float64", dense.Dtype())
	}
	if array.Len() != dense.Shape().TotalSize() {
		return array, fmt.Errorf("a tensor of shape %v with %d elements in memory: a view with gaps; "+
			"Materialize makes one without", dense.Shape(), array.Len())
	}
	return array, nil
}

// SPDX-License-Identifier: Apache-2.0

package gradstep

// #include <gradstep/gradstep.h>
import "C"

import (
	"runtime"
	"strconv"
	"unsafe"
)

// A DType tells how numbers are stored.
type DType int32

// The dtypes. The 8-bit ones are for slots: each means the one that suits a slot.
const (
	DTypeFloat32  DType = C.GRADSTEP_FLOAT32
	DTypeFloat64  DType = C.GRADSTEP_FLOAT64
	DTypeBFloat16 DType = C.GRADSTEP_BFLOAT16
	DTypeFloat16  DType = C.GRADSTEP_FLOAT16
	DType8Bits    DType = C.GRADSTEP_S1E4M3_B256
)

var dtypeNames = map[DType]string{
	DTypeFloat32: "float32", DTypeFloat64: "float64", DTypeBFloat16: "bfloat16", DTypeFloat16: "float16",
	C.GRADSTEP_S1E4M3_B256: "s1e4m3_b256", C.GRADSTEP_E5M3_B256: "e5m3_b256",
}

// String is the name that the library and its checkpoints use.
func (d DType) String() string {
	if name, isKnown := dtypeNames[d]; isKnown {
		return name
	}
	return "DType(" + strconv.Itoa(int(d)) + ")"
}

// An Array is a slice of the caller's.
type Array struct {
	data  unsafe.Pointer // nil: no array
	len   int
	dtype DType
}

// Float32 makes an Array of a slice; the array is the slice's memory.
func Float32(slice []float32) Array { return arrayOf(slice, DTypeFloat32) }

// Float64 is as Float32. A param of this dtype makes the step compute in double precision.
func Float64(slice []float64) Array { return arrayOf(slice, DTypeFloat64) }

// BFloat16 is as Float32; each number is the upper half of a float32.
func BFloat16(slice []uint16) Array { return arrayOf(slice, DTypeBFloat16) }

// Float16 is as Float32; the numbers are those of IEEE binary16.
func Float16(slice []uint16) Array { return arrayOf(slice, DTypeFloat16) }

func arrayOf[T any](slice []T, dtype DType) Array {
	return Array{unsafe.Pointer(unsafe.SliceData(slice)), len(slice), dtype}
}

// Len is the number of elements.
func (a Array) Len() int { return a.len }

// DType tells how the elements are stored; 0: the array is absent.
func (a Array) DType() DType { return a.dtype }

// pinned keeps the array where it is, and gives it to the struct.
func (a Array) pinned(what string, count int, pins *runtime.Pinner, into *C.gradstep_array) error {
	if a.dtype == 0 {
		return nil // absent
	}
	if a.len != count {
		return invalid(what + " has " + strconv.Itoa(a.len) + " elements, and Param has " +
			strconv.Itoa(count) + "; both must be the same")
	}
	into.dtype = C.int32_t(a.dtype)
	if a.len > 0 {
		pins.Pin(a.data)
		into.data = a.data
	}
	return nil
}

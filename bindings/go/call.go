// SPDX-License-Identifier: Apache-2.0

package gradstep

/*
#cgo pkg-config: gradstep
#include <gradstep/gradstep.h>
#include <stdlib.h>
*/
import "C"

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"
	"unsafe"
)

// The kinds of failure, for errors.Is.
var (
	ErrInvalidArgument = errors.New("invalid argument")
	ErrUnknownName     = errors.New("unknown name")
	ErrOutOfRange      = errors.New("out of range")
	ErrUnsupported     = errors.New("unsupported")
	ErrOutOfMemory     = errors.New("out of memory")
	ErrInternal        = errors.New("internal")
	ErrBusy            = errors.New("busy")
	ErrWrongOrder      = errors.New("wrong order")
	ErrIO              = errors.New("cannot read or write")
	ErrCorrupt         = errors.New("corrupt checkpoint")
	ErrMismatch        = errors.New("checkpoint of another model")
	// ErrClosed is the kind of calls on what was closed.
	ErrClosed = errors.New("closed")
)

var kinds = map[C.gradstep_status]error{
	C.GRADSTEP_INVALID_ARGUMENT: ErrInvalidArgument,
	C.GRADSTEP_UNKNOWN_NAME:     ErrUnknownName,
	C.GRADSTEP_OUT_OF_RANGE:     ErrOutOfRange,
	C.GRADSTEP_UNSUPPORTED:      ErrUnsupported,
	C.GRADSTEP_OUT_OF_MEMORY:    ErrOutOfMemory,
	C.GRADSTEP_INTERNAL:         ErrInternal,
	C.GRADSTEP_BUSY:             ErrBusy,
	C.GRADSTEP_WRONG_ORDER:      ErrWrongOrder,
	C.GRADSTEP_IO_ERROR:         ErrIO,
	C.GRADSTEP_CORRUPT:          ErrCorrupt,
	C.GRADSTEP_MISMATCH:         ErrMismatch,
}

// An Error is a failed call. It has changed nothing.
type Error struct {
	Kind     error  // one of ErrInvalidArgument, ErrUnknownName ...
	Sentence string // what is wrong, and what is allowed
}

func (e *Error) Error() string { return "gradstep: " + e.Sentence }

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

func invalid(sentence string) error { return &Error{ErrInvalidArgument, sentence} }

// A word is an argument of a C function: an integer, an address, or the bits of a double.
type word = C.uint64_t

func number(x float64) word { return word(math.Float64bits(x)) }

// address is for memory of C's, and for Go memory that is pinned.
func address[T any](p *T) word { return word(uintptr(unsafe.Pointer(p))) }

func integer[T ~int | ~int32 | ~uint | ~uint64](x T) word { return word(x) }

func flag(x bool) word {
	if x {
		return 1
	}
	return 0
}

// A setFlag is a flag that goes to C if it is set.
type setFlag struct {
	isSet bool
	flags C.uint64_t
}

func flagsOf(all []setFlag) (flags C.uint64_t) {
	for _, each := range all {
		if each.isSet {
			flags |= each.flags
		}
	}
	return
}

// A setNumber is a number that goes to C, with the flag that says so, if it is not nil.
type setNumber struct {
	value *float64
	flag  C.uint64_t
	into  *C.double
}

// setNumbers puts the numbers where they go, and returns their flags.
func setNumbers(all []setNumber) (flags C.uint64_t) {
	for _, each := range all {
		if each.value != nil {
			flags |= each.flag
			*each.into = C.double(*each.value)
		}
	}
	return
}

// call calls a C function by its name. The sentence of its failure comes from the same C call, so
// it does not matter which thread a goroutine runs on.
func call(function string, arguments ...word) error {
	const sentenceSize = 4096
	name := C.CString(function)
	defer C.free(unsafe.Pointer(name))
	sentence := make([]byte, sentenceSize)
	var first *word
	if len(arguments) > 0 {
		first = &arguments[0]
	}
	status := C.gradstep_call(name, first, C.size_t(len(arguments)),
		(*C.char)(unsafe.Pointer(&sentence[0])), sentenceSize)
	if status == C.GRADSTEP_OK {
		return nil
	}
	kind, isKnown := kinds[status]
	if !isKnown {
		kind = ErrInternal
	}
	return &Error{kind, string(sentence[:bytes.IndexByte(sentence, 0)])}
}

// A memory holds the texts and structs of one call, in C's memory.
type memory struct {
	blocks []unsafe.Pointer
	err    error // the first argument that is wrong
}

func (m *memory) free() {
	for _, block := range m.blocks {
		C.free(block)
	}
}

// call is as the function, but fails for an argument that is wrong.
func (m *memory) call(function string, arguments ...word) error {
	if m.err != nil {
		return m.err
	}
	return call(function, arguments...)
}

// text copies a text of the caller's, whose argument has the name `what`.
func (m *memory) text(what, of string) *C.char {
	if strings.IndexByte(of, 0) >= 0 && m.err == nil {
		m.err = invalid(what + " " + strconv.Quote(of) + " contains a zero byte; none is allowed")
	}
	copied := C.CString(of)
	m.blocks = append(m.blocks, unsafe.Pointer(copied))
	return copied
}

func (m *memory) name(what, of string) word { return address(m.text(what, of)) }

// zeroed gives `count` elements of zeros.
func zeroed[T any](m *memory, count int) []T {
	var zero T
	block := C.calloc(C.size_t(max(count, 1)), C.size_t(unsafe.Sizeof(zero)))
	if block == nil {
		panic("gradstep: out of memory")
	}
	m.blocks = append(m.blocks, block)
	return unsafe.Slice((*T)(block), count)
}

// one gives one zeroed number or struct.
func one[T any](m *memory) *T { return &zeroed[T](m, 1)[0] }

// text copies a text of C's.
func text(of *C.char) string { return C.GoString(of) }

// SPDX-License-Identifier: Apache-2.0

package gradstep

// #include <gradstep/gradstep.h>
import "C"

import (
	"runtime"
	"strconv"
	"sync"
	"unsafe"
)

// A Context has the threads and the instruction set of steps. Any goroutines may use it.
type Context struct{ *handle }

// ContextOptions tell how a context is to be created. The zero value has the defaults.
type ContextOptions struct {
	Threads     int    // the most that work on a step; 0: one for each CPU of the process
	ISA         string // the instruction set: see InstructionSets
	FlushToZero bool   // steps treat denormal numbers as zero
	SerialBelow *int   // a step of fewer elements runs on the calling thread alone
	Pool        Pool   // nil: the library's own threads; Goroutines: Go's
}

// NewContext creates a context.
func NewContext(options ContextOptions) (*Context, error) {
	var m memory
	defer m.free()
	raw := one[C.gradstep_context_options](&m)
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	if options.Threads < 0 {
		return nil, invalid("Threads is " + strconv.Itoa(options.Threads) + "; it must be 0 or more")
	}
	raw.thread_count = C.size_t(options.Threads)
	if options.ISA != "" {
		raw.isa = m.text("isa", options.ISA)
	}
	if options.FlushToZero {
		raw.flags |= C.GRADSTEP_CONTEXT_FLUSH_TO_ZERO
	}
	if options.SerialBelow != nil {
		raw.flags |= C.GRADSTEP_CONTEXT_SERIAL_BELOW
		raw.serial_below = C.size_t(max(*options.SerialBelow, 0))
	}
	var pool givenPool
	if options.Pool != nil {
		pool.give(options.Pool, raw)
	}
	destroy := func(p unsafe.Pointer) {
		C.gradstep_context_destroy((*C.gradstep_context)(p))
		pool.free()
	}
	h, err := created("context", destroy, func(into word) error {
		return m.call("gradstep_context_create", address(raw), into)
	})
	if err != nil {
		pool.free()
		return nil, err
	}
	c := &Context{h}
	runtime.AddCleanup(c, (*handle).close, h)
	return c, nil
}

var shared = sync.OnceValues(func() (*Context, error) { return NewContext(ContextOptions{}) })

// SharedContext returns the process's context, which optimizers have that are given none.
func SharedContext() (*Context, error) { return shared() }

// Close destroys the context, as soon as no optimizer uses it any more.
func (c *Context) Close() { c.close() }

// ISA returns the instruction set in use.
func (c *Context) ISA() (isa string, err error) {
	err = c.describe(func(raw *C.gradstep_context_info) { isa = text(raw.isa) })
	return
}

// Threads returns the most threads that work on a step.
func (c *Context) Threads() (count int, err error) {
	err = c.describe(func(raw *C.gradstep_context_info) { count = int(raw.thread_count) })
	return
}

func (c *Context) describe(read func(*C.gradstep_context_info)) error {
	var m memory
	defer m.free()
	raw := one[C.gradstep_context_info](&m)
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	err := c.use(func(h word) error { return call("gradstep_context_describe", h, address(raw)) })
	if err == nil {
		read(raw)
	}
	return err
}

// SPDX-License-Identifier: Apache-2.0

package gradstep

// #include <gradstep/gradstep.h>
import "C"

import (
	"runtime"
	"sync"
	"unsafe"
)

// A handle is an object of the library's. Calls hold it, so that Close waits for them.
type handle struct {
	lock     sync.RWMutex
	what     string
	pointer  unsafe.Pointer // nil: destroyed
	isClosed bool
	users    int // optimizers that need it; the last one destroys what is closed
	destroy  func(unsafe.Pointer)
}

// use calls f with the object's address, unless it is closed.
func (h *handle) use(f func(word) error) error { return h.locked(h.lock.RLocker(), f) }

// change is as use, for calls that nobody else may make at the same time.
func (h *handle) change(f func(word) error) error { return h.locked(&h.lock, f) }

func (h *handle) locked(lock sync.Locker, f func(word) error) error {
	lock.Lock()
	defer lock.Unlock()
	if h.isClosed {
		return h.closed()
	}
	return f(word(uintptr(h.pointer)))
}

func (h *handle) closed() error { return &Error{ErrClosed, "the " + h.what + " is closed"} }

func (h *handle) close() {
	h.lock.Lock()
	defer h.lock.Unlock()
	h.isClosed = true
	h.destroyUnused()
}

func (h *handle) destroyUnused() {
	if h.isClosed && h.users == 0 && h.pointer != nil {
		h.destroy(h.pointer)
		h.pointer = nil
	}
}

// retain keeps the object until release, even if it is closed.
func (h *handle) retain() (unsafe.Pointer, error) {
	h.lock.Lock()
	defer h.lock.Unlock()
	if h.isClosed {
		return nil, h.closed()
	}
	h.users++
	return h.pointer, nil
}

func (h *handle) release() {
	h.lock.Lock()
	defer h.lock.Unlock()
	h.users--
	h.destroyUnused()
}

// created calls a function whose last argument receives the object's address.
func created(what string, destroy func(unsafe.Pointer), create func(into word) error) (*handle, error) {
	var m memory
	defer m.free()
	into := one[unsafe.Pointer](&m)
	if err := create(address(into)); err != nil {
		return nil, err
	}
	return &handle{what: what, pointer: *into, destroy: destroy}, nil
}

// A Context has the threads and the instruction set of steps. Any goroutines may use it.
type Context struct{ *handle }

// ContextOptions tell how a context is to be created. The zero value has the defaults.
type ContextOptions struct {
	Threads     int    // the most that work on a step; 0: one for each CPU of the process
	ISA         string // the instruction set: see InstructionSets
	FlushToZero bool   // steps treat denormal numbers as zero
	SerialBelow *int   // a step of fewer elements runs on the calling thread alone
}

// NewContext creates a context.
func NewContext(options ContextOptions) (*Context, error) {
	var m memory
	defer m.free()
	raw := one[C.gradstep_context_options](&m)
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	if options.Threads < 0 {
		return nil, invalid("Threads is below 0")
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
	destroy := func(p unsafe.Pointer) { C.gradstep_context_destroy((*C.gradstep_context)(p)) }
	h, err := created("context", destroy, func(into word) error {
		return m.call("gradstep_context_create", address(raw), into)
	})
	if err != nil {
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

// SPDX-License-Identifier: Apache-2.0

package gradstep

// #include <gradstep/gradstep.h>
import "C"

import (
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

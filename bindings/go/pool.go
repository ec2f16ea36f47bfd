// SPDX-License-Identifier: Apache-2.0

package gradstep

/*
#include <gradstep/gradstep.h>

void gradstep_go_parallel_for(void*, size_t, gradstep_task, void*);

static void gradstep_go_run_task(gradstep_task task, void* argument, size_t index) { task(argument, index); }
*/
import "C"

import (
	"runtime"
	"runtime/cgo"
	"sync"
	"sync/atomic"
	"unsafe"
)

// A Pool runs tasks: it calls task(i) once for each i below count, on any goroutines, and returns when the
// calls have. A step is complete even if the pool panics or leaves tasks out, and a call of task after the
// pool has returned does nothing.
type Pool func(count int, task func(i int))

// Goroutines is a Pool that runs tasks on the calling goroutine and, up to GOMAXPROCS in all, on others.
// Go's scheduler then shares the CPUs between a step and the rest of the program.
func Goroutines(count int, task func(i int)) {
	var next atomic.Int64
	work := func() {
		for i := next.Add(1) - 1; i < int64(count); i = next.Add(1) - 1 {
			task(int(i))
		}
	}
	var others sync.WaitGroup
	for range min(count, runtime.GOMAXPROCS(0)) - 1 {
		others.Add(1)
		go func() {
			defer others.Done()
			work()
		}()
	}
	work()
	others.Wait()
}

// A givenPool is what C has of a pool for the life of a context: the address of a number that tells it.
type givenPool struct {
	memory memory
	handle cgo.Handle
}

func (g *givenPool) give(pool Pool, raw *C.gradstep_context_options) {
	g.handle = cgo.NewHandle(pool)
	into := one[cgo.Handle](&g.memory)
	*into = g.handle
	raw.parallel_for = C.gradstep_parallel_for(C.gradstep_go_parallel_for)
	raw.pool = unsafe.Pointer(into)
}

func (g *givenPool) free() {
	if g.handle != 0 {
		g.handle.Delete()
		g.memory.free()
	}
}

//export gradstep_go_parallel_for
func gradstep_go_parallel_for(pool unsafe.Pointer, count C.size_t, task C.gradstep_task, argument unsafe.Pointer) {
	run := (*(*cgo.Handle)(pool)).Value().(Pool)
	var lock sync.RWMutex
	isOver := false
	defer func() {
		lock.Lock()
		isOver = true
		lock.Unlock()
		_ = recover() // a panic must not cross C, which then does the work that is left
	}()
	run(int(count), func(i int) {
		lock.RLock()
		defer lock.RUnlock()
		if !isOver && i >= 0 && i < int(count) {
			C.gradstep_go_run_task(task, argument, C.size_t(i))
		}
	})
}

// SPDX-License-Identifier: Apache-2.0

package gradstep

// #include <gradstep/gradstep.h>
import "C"

import (
	"bytes"
	"unsafe"
)

// LoadOptions tell what is loaded from a checkpoint, and what may differ.
type LoadOptions struct {
	Params       bool // the params too
	Partial      bool // the tensors that fit, and no others
	KeepSettings bool // no settings
	AnyGroup     bool // groups and rules may differ; tensors and slots are matched by name
	StartMissing bool // what the file lacks starts afresh
}

// A LoadResult tells what a load has found.
type LoadResult struct{ Loaded, Missing, Extra int }

func (o LoadOptions) flags() C.uint64_t {
	return flagsOf([]setFlag{
		{o.Params, C.GRADSTEP_CHECKPOINT_PARAMS},
		{o.Partial, C.GRADSTEP_CHECKPOINT_PARTIAL},
		{o.KeepSettings, C.GRADSTEP_CHECKPOINT_KEEP_SETTINGS},
		{o.AnyGroup, C.GRADSTEP_CHECKPOINT_ANY_GROUP},
		{o.StartMissing, C.GRADSTEP_CHECKPOINT_START_MISSING},
	})
}

// Save writes the whole state, and the params if withParams. The file is replaced as a whole or not at
// all.
func (o *Optimizer) Save(path string, withParams bool) error {
	var m memory
	defer m.free()
	cPath := m.name("path", path)
	return o.use(func(h word) error {
		return m.call("gradstep_optimizer_save", h, cPath, flag(withParams))
	})
}

// SaveBytes returns the bytes that Save would write.
func (o *Optimizer) SaveBytes(withParams bool) (saved []byte, err error) {
	var m memory
	defer m.free()
	raw, size := one[C.gradstep_save_options](&m), one[C.uint64_t](&m)
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	raw.flags = flag(withParams)
	err = o.use(func(h word) error {
		if err := call("gradstep_optimizer_save_to", h, address(raw), address(size)); err != nil {
			return err
		}
		block := zeroed[byte](&m, int(*size))
		raw.memory, raw.memory_size = unsafe.Pointer(unsafe.SliceData(block)), C.size_t(len(block))
		err := call("gradstep_optimizer_save_to", h, address(raw), address(size))
		saved = bytes.Clone(block[:*size])
		return err
	})
	return
}

// Load loads what a save has written. On a failure nothing has changed.
func (o *Optimizer) Load(path string, options LoadOptions) (LoadResult, error) {
	return o.load(options, func(m *memory, raw *C.gradstep_load_options) { raw.path = m.text("path", path) })
}

// LoadBytes loads the bytes of a checkpoint.
func (o *Optimizer) LoadBytes(checkpoint []byte, options LoadOptions) (LoadResult, error) {
	return o.load(options, func(m *memory, raw *C.gradstep_load_options) {
		block := zeroed[byte](m, len(checkpoint))
		copy(block, checkpoint)
		raw.memory, raw.memory_size = unsafe.Pointer(unsafe.SliceData(block)), C.size_t(len(block))
	})
}

func (o *Optimizer) load(
	options LoadOptions, from func(*memory, *C.gradstep_load_options),
) (LoadResult, error) {
	var m memory
	defer m.free()
	raw, result := one[C.gradstep_load_options](&m), one[C.gradstep_load_result](&m)
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	raw.flags = options.flags()
	from(&m, raw)
	result.struct_size = C.size_t(unsafe.Sizeof(*result))
	err := o.use(func(h word) error {
		return m.call("gradstep_optimizer_load_from", h, address(raw), address(result))
	})
	return LoadResult{
		int(result.loaded_count), int(result.missing_count), int(result.extra_count),
	}, err
}

// SetNote sets a text that checkpoints hold beside the state.
func (o *Optimizer) SetNote(name, note string) error {
	var m memory
	defer m.free()
	cName, cText := m.name("name", name), m.name("text", note)
	return o.use(func(h word) error { return m.call("gradstep_optimizer_set_note", h, cName, cText) })
}

// RemoveNote removes a text.
func (o *Optimizer) RemoveNote(name string) error {
	var m memory
	defer m.free()
	cName := m.name("name", name)
	return o.use(func(h word) error { return m.call("gradstep_optimizer_set_note", h, cName, 0) })
}

// Note returns a text that was set or loaded.
func (o *Optimizer) Note(name string) (note string, err error) {
	var m memory
	defer m.free()
	cName, into := m.name("name", name), one[*C.char](&m)
	// Nobody may replace the note before it is copied.
	err = o.change(func(h word) error {
		if err := m.call("gradstep_optimizer_get_note", h, cName, address(into)); err != nil {
			return err
		}
		note = text(*into)
		return nil
	})
	return
}

// NoteNames returns the names of all notes, sorted by their bytes.
func (o *Optimizer) NoteNames() (names []string, err error) {
	var m memory
	defer m.free()
	count, name := one[C.size_t](&m), one[*C.char](&m)
	err = o.change(func(h word) error {
		if err := call("gradstep_optimizer_note_count", h, address(count)); err != nil {
			return err
		}
		for i := range int(*count) {
			if err := call("gradstep_optimizer_note_at", h, integer(i), address(name), 0); err != nil {
				return err
			}
			names = append(names, text(*name))
		}
		return nil
	})
	return
}

// SPDX-License-Identifier: Apache-2.0

package gradstep

// #include <gradstep/gradstep.h>
import "C"

import "unsafe"

// A StepResult tells what a step has done.
type StepResult struct {
	IsSkipped      bool    // nothing was changed: a gradient is not finite
	IsStopped      bool    // nothing was changed: the rule stopped the step
	GradNorm       float64 // of the scaled gradients before clipping; 0 unless the step needed it
	NonFiniteCount uint64  // elements of gradients; 0 unless the step looked for them
	ClipFactor     float64 // by which the gradients were clipped
	PieceCount     uint64  // pieces of work that ran
	LeftOutCount   int     // of EndStep: tensors that should have been stepped, but were not
}

func newResult(m *memory) *C.gradstep_apply_result {
	result := one[C.gradstep_apply_result](m)
	result.struct_size = C.size_t(unsafe.Sizeof(*result))
	return result
}

func stepResult(raw *C.gradstep_apply_result) StepResult {
	return StepResult{
		IsSkipped: raw.is_skipped != 0, IsStopped: raw.is_stopped != 0,
		GradNorm: float64(raw.grad_norm), NonFiniteCount: uint64(raw.non_finite_count),
		ClipFactor: float64(raw.clip_factor), PieceCount: uint64(raw.piece_count),
		LeftOutCount: int(raw.left_out_count),
	}
}

// Step steps every tensor that has a gradient and is not frozen.
func (o *Optimizer) Step() (StepResult, error) { return o.StepScaled(1) }

// StepScaled is as Step; the factor multiplies each gradient.
func (o *Optimizer) StepScaled(gradScale float64) (StepResult, error) {
	var m memory
	defer m.free()
	raw, result := one[C.gradstep_step_options](&m), newResult(&m)
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	raw.flags, raw.grad_scale = C.GRADSTEP_STEP_GRAD_SCALE, C.double(gradScale)
	err := o.use(func(h word) error {
		return call("gradstep_optimizer_step", h, address(raw), address(result))
	})
	return stepResult(result), err
}

// BeginStep begins a step that is made tensor by tensor, each as soon as its gradient is ready. StepTensor
// follows for each tensor, then EndStep. The bits are those of Step. MaxNorm, CheckFinite and a loss scaler
// need all gradients before the first tensor is stepped: with one of them the kind is ErrWrongOrder.
// Prodigy, which sums over all tensors, is ErrUnsupported. Until EndStep, calls that change the optimizer
// in another way are ErrWrongOrder, but for SetGrad and Accumulate.
func (o *Optimizer) BeginStep() error {
	return o.use(func(h word) error { return call("gradstep_optimizer_begin_step", h, 0) })
}

// StepTensor steps a tensor within a step, at most once. Any goroutines may step different tensors at the
// same time.
func (o *Optimizer) StepTensor(tensor TensorID) error {
	return o.use(func(h word) error { return call("gradstep_optimizer_step_tensor", h, integer(tensor)) })
}

// EndStep ends the step, after the calls of StepTensor that are running. It tells how many tensors were
// left out.
func (o *Optimizer) EndStep() (StepResult, error) {
	var m memory
	defer m.free()
	result := newResult(&m)
	err := o.use(func(h word) error { return call("gradstep_optimizer_end_step", h, address(result)) })
	return stepResult(result), err
}

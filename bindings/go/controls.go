// SPDX-License-Identifier: Apache-2.0

package gradstep

// #include <gradstep/gradstep.h>
import "C"

import (
	"math"
	"unsafe"
)

// A Plateau is a learning rate that is lowered when a metric stops improving. A report is bad if its metric
// is not better than Best by more than Threshold.
type Plateau struct {
	LR           float64 // the present rate
	Factor       float64 // multiplies the rate; in (0, 1)
	Threshold    float64 // a part of |Best| or, if IsAbsolute, a difference
	MinLR        float64 // the rate is never below it
	Eps          float64 // a change of the rate that is not larger is not made
	Best         float64 // the best metric so far; before the first report it is infinite
	Patience     uint64  // bad reports in a row that change nothing
	Cooldown     uint64  // reports after a reduction that do not count as bad
	BadCount     uint64  // bad reports in a row so far
	CooldownLeft uint64  // reports that will not count as bad
	Maximizes    bool    // a larger metric is better: see Maximize
	IsAbsolute   bool    // Threshold is a difference
}

// NewPlateau makes a plateau with the library's defaults, which are PyTorch's. Change fields afterwards.
func NewPlateau(lr float64) (Plateau, error) {
	var m memory
	defer m.free()
	raw := newRawPlateau(&m)
	err := call("gradstep_plateau_init", address(raw), number(lr))
	return plateauOf(raw), err
}

// Maximize makes a larger metric the better one. Call it before the first report.
func (p *Plateau) Maximize() { p.Maximizes, p.Best = true, math.Inf(-1) }

// Report reports a metric. It returns whether the rate was lowered.
func (p *Plateau) Report(metric float64) (isReduced bool, err error) {
	var m memory
	defer m.free()
	raw, reduced := p.raw(&m), one[C.int32_t](&m)
	err = call("gradstep_plateau_report", address(raw), number(metric), address(reduced))
	if err == nil {
		*p = plateauOf(raw)
	}
	return *reduced != 0, err
}

func newRawPlateau(m *memory) *C.gradstep_plateau {
	raw := one[C.gradstep_plateau](m)
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	return raw
}

func (p Plateau) raw(m *memory) *C.gradstep_plateau {
	raw := newRawPlateau(m)
	raw.lr, raw.factor, raw.threshold = C.double(p.LR), C.double(p.Factor), C.double(p.Threshold)
	raw.min_lr, raw.eps, raw.best = C.double(p.MinLR), C.double(p.Eps), C.double(p.Best)
	raw.patience, raw.cooldown = C.uint64_t(p.Patience), C.uint64_t(p.Cooldown)
	raw.bad_count, raw.cooldown_left = C.uint64_t(p.BadCount), C.uint64_t(p.CooldownLeft)
	raw.maximizes, raw.is_absolute = C.int32_t(flag(p.Maximizes)), C.int32_t(flag(p.IsAbsolute))
	return raw
}

func plateauOf(raw *C.gradstep_plateau) Plateau {
	return Plateau{
		LR: float64(raw.lr), Factor: float64(raw.factor), Threshold: float64(raw.threshold),
		MinLR: float64(raw.min_lr), Eps: float64(raw.eps), Best: float64(raw.best),
		Patience: uint64(raw.patience), Cooldown: uint64(raw.cooldown),
		BadCount: uint64(raw.bad_count), CooldownLeft: uint64(raw.cooldown_left),
		Maximizes: raw.maximizes != 0, IsAbsolute: raw.is_absolute != 0,
	}
}

// SetPlateau gives a group a copy of the plateau, whose rate replaces the group's base rate. nil removes
// it.
func (o *Optimizer) SetPlateau(group GroupID, plateau *Plateau) error {
	var m memory
	defer m.free()
	var raw word
	if plateau != nil {
		raw = address(plateau.raw(&m))
	}
	return o.use(func(h word) error { return call("gradstep_optimizer_set_plateau", h, integer(group), raw) })
}

// Plateau returns a group's plateau as it is. A group without one is ErrUnsupported.
func (o *Optimizer) Plateau(group GroupID) (Plateau, error) {
	var m memory
	defer m.free()
	raw := newRawPlateau(&m)
	err := o.use(func(h word) error {
		return call("gradstep_optimizer_get_plateau", h, integer(group), address(raw))
	})
	return plateauOf(raw), err
}

// ReportMetric reports a metric to the plateaus of all groups. It returns how many rates were lowered.
func (o *Optimizer) ReportMetric(metric float64) (reducedCount int, err error) {
	var m memory
	defer m.free()
	count := one[C.size_t](&m)
	err = o.use(func(h word) error {
		return call("gradstep_optimizer_report_metric", h, number(metric), address(count))
	})
	return int(*count), err
}

// A LossScaler is a dynamic factor of the loss, which keeps small gradients in the range of a 16-bit
// dtype. Without an optimizer: multiply the loss by Scale, step with GradScale 1/Scale and CheckFinite,
// then call Update.
type LossScaler struct {
	Scale          float64 // the present factor
	GrowthFactor   float64 // multiplies Scale when StepsInARow reaches GrowthInterval
	BackoffFactor  float64 // multiplies Scale after a skipped step; in (0, 1)
	GrowthInterval uint64  // at least 1
	StepsInARow    uint64  // since the last skipped step or growth
}

// NewLossScaler makes a loss scaler with the library's defaults, which are PyTorch's.
func NewLossScaler() (LossScaler, error) {
	var m memory
	defer m.free()
	raw := newRawScaler(&m)
	err := call("gradstep_loss_scaler_init", address(raw))
	return scalerOf(raw), err
}

// Update takes note of a step.
func (s *LossScaler) Update(isSkipped bool) error {
	var m memory
	defer m.free()
	raw := s.raw(&m)
	err := call("gradstep_loss_scaler_update", address(raw), flag(isSkipped))
	if err == nil {
		*s = scalerOf(raw)
	}
	return err
}

func newRawScaler(m *memory) *C.gradstep_loss_scaler {
	raw := one[C.gradstep_loss_scaler](m)
	raw.struct_size = C.size_t(unsafe.Sizeof(*raw))
	return raw
}

func (s LossScaler) raw(m *memory) *C.gradstep_loss_scaler {
	raw := newRawScaler(m)
	raw.scale, raw.growth_factor = C.double(s.Scale), C.double(s.GrowthFactor)
	raw.backoff_factor = C.double(s.BackoffFactor)
	raw.growth_interval, raw.steps_in_a_row = C.uint64_t(s.GrowthInterval), C.uint64_t(s.StepsInARow)
	return raw
}

func scalerOf(raw *C.gradstep_loss_scaler) LossScaler {
	return LossScaler{
		float64(raw.scale), float64(raw.growth_factor), float64(raw.backoff_factor),
		uint64(raw.growth_interval), uint64(raw.steps_in_a_row),
	}
}

// SetLossScaler gives the optimizer a copy of the scaler. From then on steps divide gradients by the scale,
// are skipped if one is not finite, and update the copy. nil removes it.
func (o *Optimizer) SetLossScaler(scaler *LossScaler) error {
	var m memory
	defer m.free()
	var raw word
	if scaler != nil {
		raw = address(scaler.raw(&m))
	}
	return o.use(func(h word) error { return call("gradstep_optimizer_set_loss_scaler", h, raw) })
}

// LossScaler returns the loss scaler as it is; its Scale multiplies the loss. An optimizer without one is
// ErrUnsupported.
func (o *Optimizer) LossScaler() (LossScaler, error) {
	var m memory
	defer m.free()
	raw := newRawScaler(&m)
	err := o.use(func(h word) error { return call("gradstep_optimizer_get_loss_scaler", h, address(raw)) })
	return scalerOf(raw), err
}

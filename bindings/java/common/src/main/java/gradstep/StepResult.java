// SPDX-License-Identifier: Apache-2.0
package gradstep;

/**
 * What a step has done.
 *
 * @param isSkipped nothing was changed: a gradient is not finite. The step does not count
 * @param isStopped nothing was changed: the rule stopped the step
 * @param gradNorm of the scaled gradients before clipping; 0 unless the step needed it
 * @param nonFiniteCount elements of gradients that are not finite; 0 unless the step looked for them
 * @param clipFactor by which the gradients were clipped
 * @param pieceCount pieces of work that ran
 * @param leftOutCount of a step tensor by tensor: tensors that should have been stepped, but were not
 */
public record StepResult(
    boolean isSkipped,
    boolean isStopped,
    double gradNorm,
    long nonFiniteCount,
    double clipFactor,
    long pieceCount,
    long leftOutCount) {
  static StepResult of(Block raw) {
    return new StepResult(
        raw.getInt(C.gradstep_apply_result.is_skipped) != 0,
        raw.getInt(C.gradstep_apply_result.is_stopped) != 0,
        raw.getDouble(C.gradstep_apply_result.grad_norm),
        raw.getLong(C.gradstep_apply_result.non_finite_count),
        raw.getDouble(C.gradstep_apply_result.clip_factor),
        raw.getLong(C.gradstep_apply_result.piece_count),
        raw.getLong(C.gradstep_apply_result.left_out_count));
  }
}

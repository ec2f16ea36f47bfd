// SPDX-License-Identifier: Apache-2.0
package gradstep;

/**
 * What an optimizer has at present.
 *
 * @param groupCount without removed ones
 * @param tensorCount without removed ones
 * @param stepCount steps that were not skipped
 * @param skippedCount steps that were skipped
 * @param gradNorm of the last step; 0 if that step did not need it
 * @param stateBytes the memory of slots and accumulated gradients
 */
public record OptimizerInfo(
    long groupCount,
    long tensorCount,
    long stepCount,
    long skippedCount,
    double gradNorm,
    long stateBytes) {}

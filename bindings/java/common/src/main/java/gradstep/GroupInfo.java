// SPDX-License-Identifier: Apache-2.0
package gradstep;

/**
 * What a group is at present.
 *
 * @param name as it was added
 * @param rule the name of its rule
 * @param schedule the name of its schedule; null: none
 * @param tensorCount without removed ones
 * @param lr the rate of the next step, after schedule and lrScale
 * @param momentum what the schedule sets; NaN if it does not set it
 * @param lrScale multiplies the schedule's rate
 * @param maxNorm clips the group by the norm of its own gradients; 0: it does not
 * @param gradNorm that norm in the last step; 0 without maxNorm
 */
public record GroupInfo(
    String name,
    String rule,
    String schedule,
    long tensorCount,
    double lr,
    double momentum,
    double lrScale,
    double maxNorm,
    double gradNorm) {}

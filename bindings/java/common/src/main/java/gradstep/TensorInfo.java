// SPDX-License-Identifier: Apache-2.0
package gradstep;

/**
 * What a tensor of an optimizer is at present.
 *
 * @param name as it was added
 * @param group the index of its group
 * @param stepCount steps in which it took part
 * @param accumulateCount calls of accumulate since its last step
 * @param isFrozen steps leave it out
 * @param hasGrad it takes part by its gradient
 * @param averageCount the params in its average
 */
public record TensorInfo(
    String name,
    long group,
    long stepCount,
    long accumulateCount,
    boolean isFrozen,
    boolean hasGrad,
    long averageCount) {}

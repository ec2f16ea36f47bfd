// SPDX-License-Identifier: Apache-2.0
package gradstep;

/**
 * What a load of a checkpoint has found.
 *
 * @param loaded tensors of the optimizer whose state was loaded
 * @param missing tensors of the optimizer that the file lacks, or that do not fit
 * @param extra tensors of the file that were not loaded
 */
public record LoadResult(long loaded, long missing, long extra) {}

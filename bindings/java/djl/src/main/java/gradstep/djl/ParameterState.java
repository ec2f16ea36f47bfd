// SPDX-License-Identifier: Apache-2.0
package gradstep.djl;

import gradstep.State;

/**
 * What an optimizer knows of a parameter.
 *
 * @param state its slots
 * @param count its updates
 */
record ParameterState(State state, long count) {}

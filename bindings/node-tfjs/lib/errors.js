// SPDX-License-Identifier: Apache-2.0
import { GradstepError } from 'gradstep';

export function invalid(message) {
  return new GradstepError('INVALID_ARGUMENT', message);
}

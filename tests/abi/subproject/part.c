/* SPDX-License-Identifier: Apache-2.0 */
int host_part(void);
int host_part(void) { return 3; }

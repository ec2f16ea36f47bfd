/* SPDX-License-Identifier: Apache-2.0
 *
 * A host's header that leaves a #pragma pack open changes no struct of the library: none has a gap
 * (nlohmann/json 4284 crashed there). */
#pragma pack(1)
#include <gradstep/gradstep.h>

#define LAYOUT(name, condition) typedef char layout_##name[(condition) ? 1 : -1]
#include "abi/struct_layout.h"

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the wheel in build/python. It is for every CPython from 3.10 on, on machines of this kind
# whose glibc is at least as new as this one's.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=build/python
mkdir -p $folder
[ -x $folder/builder/bin/pip ] || python3 -m venv $folder/builder
begin=$SECONDS
rm -f $folder/gradstep-*.whl
$folder/builder/bin/pip wheel -q --no-deps --wheel-dir $folder ./bindings/python
ls $folder/gradstep-*.whl
echo "built in $((SECONDS - begin)) s"

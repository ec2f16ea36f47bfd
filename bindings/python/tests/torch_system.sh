#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# torch_system.sh FOLDER [COMMAND...]: makes a Debian unstable with PyTorch in FOLDER, unless it is
# there, and runs a command in it. The command sees this tree as /tree. Needs root and a network.
set -euo pipefail
cd "$(dirname "$0")/../../.."
root=$1
shift
packages="python3-torch python3-numpy python3-pytest python3-safetensors python3-tqdm
          python3-matplotlib"
exec bash cmake/debian_system.sh sid "$root" "$packages" "$@"

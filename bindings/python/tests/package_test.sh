#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the Python wheel and tests what a user gets: installed in a fresh environment, without
# oneTBB or a library path. Then the same wheel with PyTorch: that of this machine's Python or, as
# root on Debian, that of Debian unstable in build/torch, a system of its own (2 GB, some minutes).
set -euo pipefail
cd "$(dirname "$0")/../../.."
folder=$PWD/build/python
tests=$PWD/bindings/python/tests
mkdir -p "$folder"
unset LD_LIBRARY_PATH GRADSTEP_LIBRARY PYTHONPATH

section() { printf '\n-- %s\n' "$*"; }

section "the wheel"
if [ "$(id -u)" = 0 ] && ! python3 -c 'import torch' 2>/dev/null; then
  bash "$tests/torch_system.sh" build/torch >build/torch.log 2>&1 &
  torch_system=$!
fi
bash bindings/python/build_wheel.sh
wheel=$(echo "$folder"/gradstep-*.whl)

section "the wheel in a fresh environment: $(python3 --version)"
rm -rf "$folder/fresh"
python3 -m venv "$folder/fresh"
"$folder/fresh/bin/pip" install -q "$wheel[test]" mypy
cd /  # not in the tree
"$folder/fresh/bin/python" -B -m pytest -q -p no:cacheprovider "$tests/with_numpy" "$tests/commands"
"$folder/fresh/bin/python" -m mypy --config-file "$tests/../pyproject.toml" -p gradstep
cd - >/dev/null

section "README's programs"
"$folder/fresh/bin/python" -B "$tests/readme_test.py"

section "the same wheel with PyTorch"
if [ -z "${torch_system:-}" ]; then
  if python3 -c 'import torch' 2>/dev/null; then
    python3 -m venv --system-site-packages "$folder/torch"
    "$folder/torch/bin/pip" install -q "$wheel[test]"
    (cd / && "$folder/torch/bin/python" -B -m pytest -q -p no:cacheprovider "$tests/with_torch")
  else
    echo "SKIPPED: gradstep.torch; there is no torch here, and only root can make a system that has it"
  fi
elif ! wait "$torch_system"; then
  echo "SKIPPED: gradstep.torch; a system with PyTorch cannot be made here:"
  tail -n 3 build/torch.log
else
  rm -rf build/torch/opt/gradstep
  python3 -m zipfile -e "$wheel" build/torch/opt/gradstep
  bash "$tests/torch_system.sh" build/torch env PYTHONPATH=/opt/gradstep \
    sh -c "python3 -B bindings/python/tests/readme_test.py &&
      python3 -B -m pytest -q -p no:cacheprovider bindings/python/tests"
fi

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# package_test.sh TARBALL: tests the TensorFlow.js adapter with gradstep's package in that file. Then packs
# the adapter, and runs README's program, and TypeScript, in an empty project.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
gradstep=$(realpath "$1")
mkdir -p "$here/../../build/node-tfjs"
folder=$(realpath "$here/../../build/node-tfjs")

section() { printf '\n-- %s\n' "$*"; }

section "the adapter for TensorFlow.js"
rm -rf "$folder/package" "$folder/empty" "$folder"/gradstep-tfjs-*.tgz
mkdir "$folder/package" "$folder/empty"
tar -C "$here" --exclude=node_modules -ch . | tar -C "$folder/package" -x
(cd "$here" && npx --yes prettier@3 --check --log-level warn lib test bench.js package.json)
cd "$folder/package"
sed -i "s|file:../node|file:$gradstep|" package.json
npm install --no-package-lock --no-audit --no-fund --silent
node --test --test-reporter=spec test/*.test.js

section "the packed adapter in an empty project"
sed -i "/\"gradstep\": \"file:/d; s|\(tfjs-layers.*\),$|\1|" package.json
npm pack --silent --pack-destination "$folder" | tail -n 1
cd "$folder/empty"
echo '{"name": "empty", "private": true, "type": "module"}' >package.json
npm install --no-audit --no-fund --silent "$gradstep" "$folder"/gradstep-tfjs-*.tgz @tensorflow/tfjs@4 typescript@5
sed -n '/^```js/,/^```/p' "$here/README.md" | sed '1d;$d' >main.js
node main.js >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
grep -q '^Tensor' "$folder/log" || { cat "$folder/log" >&2; exit 1; }
tail -n 2 "$folder/log"
cp main.js types.ts
echo 'const kind: string = optimizer.learningRate; // must be refused' >>types.ts
# TensorFlow.js' own types have errors.
npx tsc --noEmit --strict --module nodenext --target es2022 --lib es2022,dom types.ts |
  grep -E '^types\.ts|^node_modules/gradstep' >"$folder/log" || true
grep -q "types.ts.*Type 'number' is not assignable to type 'string'" "$folder/log" ||
  { cat "$folder/log" >&2; exit 1; }
[ "$(wc -l <"$folder/log")" = 1 ] || { cat "$folder/log" >&2; exit 1; }
echo "the types are those of the program"

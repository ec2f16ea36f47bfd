#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# package_test.sh BUILD: builds the Node package against the library of that build folder and tests it.
# Then packs it with the library and its oneTBB, and runs README's program, and TypeScript, in an empty
# project. Then tests the adapter for TensorFlow.js with the packed package.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath "$1")
mkdir -p "$here/../../build/node"
folder=$(realpath "$here/../../build/node")
node_folder=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
platform=linux-$(node -p process.arch)

section() { printf '\n-- %s\n' "$*"; }

section "the package, built from its sources: node $(node --version)"
rm -rf "$folder/installed" "$folder/package" "$folder"/gradstep-*.tgz
cmake --install "$build" --prefix "$folder/installed" >/dev/null
mkdir "$folder/package"
tar -C "$here" --exclude=node_modules --exclude=build --exclude=prebuilds -ch . |
  tar -C "$folder/package" -x
# The tests read what lies beside the packages.
sed -i "s|../../../tests/golden|../../../../tests/golden|; s|'../../same_run|'../../../../bindings/same_run|" \
  "$folder"/package/test/*.js
(cd "$here" && npx --yes prettier@3 --check --log-level warn lib/*.js lib/*.ts test package.json)
cd "$folder/package"
npm install --ignore-scripts --no-audit --no-fund --silent
PKG_CONFIG_PATH=$folder/installed/lib/pkgconfig \
  npx --yes node-gyp@12 rebuild --nodedir="$node_folder" --loglevel=warn >"$folder/log" 2>&1 ||
  { cat "$folder/log" >&2; exit 1; }
node --expose-gc --test --test-reporter=spec test/*.test.js

section "the packed package in an empty project"
rm -rf build node_modules "$folder/empty"
prebuilt=prebuilds/$platform
mkdir -p "$prebuilt" "$folder/empty"
library=$folder/installed/lib/libgradstep.so.0
cp -L "$library" "$prebuilt"
tbb=$(ldd "$library" | sed -n 's/.*libtbb\.so\.12 => \([^ ]*\) .*/\1/p')
[ -z "$tbb" ] || cp -L "$tbb" "$prebuilt"
# The old kind of run path also serves the libraries that the library needs.
cc -O2 -shared -fPIC -DNAPI_VERSION=8 -DNODE_GYP_MODULE_NAME=gradstep -I"$node_folder/include/node" \
  -I"$folder/installed/include" native/addon.c -L"$folder/installed/lib" -lgradstep \
  -Wl,--disable-new-dtags,-rpath,'$ORIGIN' -o "$prebuilt/node.napi.node"
npm pack --silent --pack-destination "$folder" | tail -n 1
cd "$folder/empty"
echo '{"name": "empty", "private": true, "type": "module"}' >package.json
rm -rf "$folder/installed"  # what is packed needs no other library
npm install --no-audit --no-fund --silent "$folder"/gradstep-*.tgz typescript@5
sed -n '/^```js/,/^```/p' "$here/README.md" | sed '1d;$d' >main.js
node main.js
cp main.js types.ts
echo 'const kind: string = w.param[0]; // must be refused' >>types.ts
npx tsc --noEmit --strict --module nodenext --target es2022 --lib es2022,dom types.ts >"$folder/log" || true
grep -q "types.ts.*Type 'number.*' is not assignable to type 'string'" "$folder/log" ||
  { cat "$folder/log" >&2; exit 1; }
[ "$(wc -l <"$folder/log")" = 1 ] || { cat "$folder/log" >&2; exit 1; }
echo "the types are those of the program"

"$here/../node-tfjs/package_test.sh" "$folder"/gradstep-*.tgz

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# package_test.sh BUILD: tests the Go module with the library of that build folder, and then what it
# packs, with README's program, in an empty project.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath "$1")
mkdir -p "$here/../../build/go"
folder=$(realpath "$here/../../build/go")

section() { printf '\n-- %s\n' "$*"; }

section "the module, with the installed library: $(go version)"
rm -rf "$folder/installed"
cmake --install "$build" --prefix "$folder/installed" >/dev/null
export PKG_CONFIG_PATH=$folder/installed/lib/pkgconfig LD_LIBRARY_PATH=$folder/installed/lib
cd "$here"
badly_formatted=$(gofmt -l .)
[ -z "$badly_formatted" ] || { echo "gofmt changes: $badly_formatted" >&2; exit 1; }
go vet ./...
# cgocheck2 finds pointers to Go memory that C could see after the memory has moved.
GOEXPERIMENT=cgocheck2 go test -count=1 -v ./... | grep -E '^(---|ok|FAIL|PASS|panic)'

section "the packed module in an empty project"
rm -rf "$folder/packed" "$folder/empty"
mkdir -p "$folder/packed" "$folder/empty"
tar -C "$here" --exclude='*_test.*' -ch . | tar -C "$folder/packed" -x
sed -n '/^```go/,/^```/p' README.md | sed '1d;$d' >"$folder/empty/main.go"
cd "$folder/empty"
go mod init empty 2>/dev/null
go mod edit -require gradstep@v0.2.0 -replace "gradstep=$folder/packed"
go run .

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# package_test.sh BUILD: tests the Go modules with the library of that build folder, and then what they
# pack, with the READMEs' programs, in empty projects.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath "$1")
mkdir -p "$here/../../build/go"
folder=$(realpath "$here/../../build/go")

section() { printf '\n-- %s\n' "$*"; }

closing_lines() { grep -E '^(---|ok|FAIL|PASS|panic|fatal|SIG)|^ +[a-z_]+_test\.go:'; }

# expect_clean: the module in this folder as gofmt and vet want it.
expect_clean() {
  local badly_formatted
  badly_formatted=$(gofmt -l .)
  [ -z "$badly_formatted" ] || { echo "gofmt changes: $badly_formatted" >&2; exit 1; }
  go vet ./...
}

# readme_project MODULE FOLDER: an empty project with that README's program and the packed module, in the folder.
readme_project() {
  rm -rf "$folder/$2"
  mkdir -p "$folder/$2"
  sed -n '/^```go/,/^```/p' "$folder/packed/$1/README.md" | sed '1d;$d' >"$folder/$2/main.go"
  cd "$folder/$2"
  go mod init empty 2>/dev/null
  go mod edit -require gradstep@v0.2.0 -replace "gradstep=$folder/packed"
}

section "the module, with the installed library: $(go version)"
rm -rf "$folder/installed"
cmake --install "$build" --prefix "$folder/installed" >/dev/null
export PKG_CONFIG_PATH=$folder/installed/lib/pkgconfig LD_LIBRARY_PATH=$folder/installed/lib
cd "$here"
expect_clean
# cgocheck2 finds pointers to Go memory that C could see after the memory has moved. clobberfree
# overwrites what the garbage collector frees, and invalidptr stops at pointers to it.
GOEXPERIMENT=cgocheck2 GODEBUG=clobberfree=1,invalidptr=1 go test -count=1 -v ./... | closing_lines
# gccheckmark marks everything twice, with the world stopped: a few tests are enough.
GODEBUG=gccheckmark=1 go test -count=1 -v -run 'Apply|Moved|Replaced|Move|Pool|Checkpoint' . | closing_lines

section "the adapter to gorgonia"
cd "$here/gorgonia"
if go mod download 2>/dev/null; then
  expect_clean
  GOEXPERIMENT=cgocheck2 GODEBUG=clobberfree=1,invalidptr=1 go test -count=1 -v . | closing_lines
  GODEBUG=gccheckmark=1 go test -count=1 . | closing_lines
  has_gorgonia=1
else
  echo "SKIPPED: gorgonia and what it needs cannot be had from the module proxy here"
  has_gorgonia=
fi

section "the packed modules in an empty project"
rm -rf "$folder/packed"
mkdir -p "$folder/packed"
tar -C "$here" --exclude='*_test.*' -ch . | tar -C "$folder/packed" -x
readme_project . empty
go run .

[ -n "$has_gorgonia" ] || exit 0
readme_project gorgonia empty_gorgonia
go mod edit -require gradstep/gorgonia@v0.2.0 -replace "gradstep/gorgonia=$folder/packed/gorgonia"
go mod tidy 2>/dev/null
go run .

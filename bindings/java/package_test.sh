#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# package_test.sh BUILD JAVA_HOME: builds and tests the Java package with the library of that build
# folder, and runs README's program with the jar alone.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath "$1")
export JAVA_HOME=$2
folder=$here/../../build/java

section() { printf '\n-- %s\n' "$*"; }

section "the declarations are those of the header"
python3 -B "$here/generate_structs.py" --check

section "the package: $("$JAVA_HOME/bin/java" --version | head -n 1)"
cd "$here"
mvn -q -B -ntp -Dgradstep.library="$build/lib/libgradstep.so" clean package javadoc:javadoc 2>&1 |
  grep -v '^WARNING: .*Unsafe\|^WARNING: Please consider' || [ "${PIPESTATUS[0]}" = 0 ]
grep -h '^Tests run' "$folder"/surefire-reports/*.txt

section "the jar in an empty project"
rm -rf "$folder/empty"
mkdir -p "$folder/empty"
sed -n '/^```java/,/^```/p' README.md | sed '1d;$d' >"$folder/empty/Main.java"
cd "$folder/empty"
GRADSTEP_LIBRARY=$build/lib/libgradstep.so "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED \
  -cp "$(echo "$folder"/gradstep-*[0-9].jar)" Main.java

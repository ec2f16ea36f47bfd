#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# package_test.sh BUILD JAVA_HOME: builds and tests the Java packages with the library of that build
# folder, and runs README's program with each jar alone. With a JDK 17 beside JAVA_HOME, the package
# for Java 17 is tested by it too. The tests of the adapter to DJL download PyTorch (110 MB).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath "$1")
export JAVA_HOME=$2
folder=$(realpath "$here/../..")/build/java
library=$build/lib/libgradstep.so
cd "$here"

section() { printf '\n-- %s\n' "$*"; }

# maven GOAL...: prints warnings and errors, but not those of Maven's own use of the JVM.
maven() {
  mvn -q -B -ntp -Dgradstep.build="$folder" -Dgradstep.library="$library" "$@" 2>&1 |
    grep -v '^WARNING: .*Unsafe\|^WARNING: Please consider\|^SLF4J\|^$' || [ "${PIPESTATUS[0]}" = 0 ]
}

counts() { grep -h '^Tests run' "$folder/$1"/surefire-reports/*.txt; }

version_of() { "$1/bin/java" --version | head -n 1; }

section "the declarations are those of the header"
python3 -B generate_structs.py --check

section "the packages: $(version_of "$JAVA_HOME")"
rm -rf "$folder"
maven -pl ffm,jna,djl package javadoc:javadoc
for artifact in gradstep gradstep-jna gradstep-djl; do
  echo "$artifact"
  counts "$artifact"
done

jdk17=$(find /usr/lib/jvm -maxdepth 1 -name '*17*' 2>/dev/null | head -n 1)
if [ -x "$jdk17/bin/javac" ]; then
  section "gradstep-jna: $(version_of "$jdk17")"
  JAVA_HOME=$jdk17 maven -pl jna test
  counts gradstep-jna
else
  echo "SKIPPED: gradstep-jna with Java 17; there is no JDK 17 here"
fi

# run_readme JAR...: compiles README's program with every warning, and runs it.
run_readme() {
  local classpath
  classpath=$(IFS=: && echo "$*")
  rm -rf "$folder/empty"
  mkdir -p "$folder/empty"
  sed -n '/^```java/,/^```/p' README.md | sed '1d;$d' >"$folder/empty/Main.java"
  (cd "$folder/empty" &&
    "$JAVA_HOME/bin/javac" -Xlint:all -Werror -cp "$classpath" -d . Main.java &&
    GRADSTEP_LIBRARY=$library "$JAVA_HOME/bin/java" -Xcheck:jni --enable-native-access=ALL-UNNAMED \
      -cp "$classpath:." Main)
}

jar_of() { echo "$folder/$1/$1"-*[0-9].jar; }

section "the jar gradstep in an empty project"
run_readme "$(jar_of gradstep)"

section "the jar gradstep-jna in an empty project"
maven -pl jna dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$folder/jars"
run_readme "$(jar_of gradstep-jna)" "$folder"/jars/jna-*.jar | grep -v '^WARNING\|^	at\|^$'

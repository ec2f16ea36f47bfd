#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# benchmark.sh small|medium|large THREADS: a step of DJL's Adam and of gradstep's, in turn. The packages
# must be built (./dev packages java). JAVA_HOME is a JDK of 22 or newer.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(realpath "$here/../../..")
folder=$root/build/java
jars=$folder/djl_jars
if [ ! -d "$jars" ]; then
  (cd "$here/.." && mvn -q -B -ntp -Dgradstep.build="$folder" -pl jna,djl -DskipTests package \
    dependency:copy-dependencies -DincludeScope=test -DoutputDirectory="$jars") >/dev/null 2>&1
fi
export GRADSTEP_LIBRARY=${GRADSTEP_LIBRARY:-$root/build/release/lib/libgradstep.so} OMP_NUM_THREADS=$2
export MKL_NUM_THREADS=$2
classes=$folder/gradstep-djl/classes:$folder/gradstep-djl/test-classes:$folder/gradstep/classes
exec "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED -Xmx2g -XX:MaxDirectMemorySize=8g -Dai.djl.pytorch.num_threads="$2" \
  -cp "$classes:$jars/*" gradstep.djl.Benchmark "$@"

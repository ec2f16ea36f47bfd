# SPDX-License-Identifier: Apache-2.0
#
# Sourced by tests of what is installed. A test defines fail SENTENCE.

# checks_no_run_path FOLDER: no library or program in the folder has places of its own where the
# loader looks for libraries. Sets `run_paths_checked` to the number of these files.
checks_no_run_path() {
  local file
  run_paths_checked=0
  while IFS= read -r -d '' file; do
    [ "$(head -c 4 "$file" | tr -d '\0')" = $'\x7fELF' ] || continue
    readelf -d "$file" >"$1.dynamic" || fail "readelf cannot read $file"
    ! grep -E 'R(UN)?PATH' "$1.dynamic" >&2 || fail "$file has this run path"
    run_paths_checked=$((run_paths_checked + 1))
  done < <(find "$1" -type f -print0)
  rm -f "$1.dynamic"
}

# checks_no_mention FOLDER PLACE: no file in the folder contains the path PLACE.
checks_no_mention() {
  ! grep -rlF -e "$2" "$1" >&2 || fail "these files name $2"
}

#!/usr/bin/env bash
# The seal of a folder: one hash over the path and the content of every file in it.
#
#   seal.sh <folder>          prints the seal
#   seal.sh <folder> <seal>   ends with 1 where the folder has another seal: something was changed, added or taken away since
#
# A plan names its bundles by path only: the seal binds both, so that what is applied is what was approved.
set -euo pipefail
folder=${1:?name the folder}
seal=$(cd "$folder" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 --no-run-if-empty sha256sum | sha256sum | cut -d ' ' -f 1)
if [ "$#" -lt 2 ]; then
  echo "$seal"
elif [ "$seal" != "$2" ]; then
  echo "Refused: $folder has the seal $seal, approved was $2. Plan again, and have that approved." >&2
  exit 1
fi

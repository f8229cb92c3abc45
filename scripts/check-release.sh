#!/usr/bin/env bash
# Ends with 1 unless the tag is that of package.json, lies on the branch, the changelog says what is in it, and package.json names the
# repository that it is released from: reports of vulnerabilities go there.
#
#   check-release.sh <tag> <branch> <owner/repository>
set -euo pipefail
version=$(node -p 'require("./package.json").version')
refuse() {
  echo "Refused: $1" >&2
  exit 1
}
[ "${1:?name the tag}" = "v$version" ] || refuse "the tag is $1, package.json has $version"
home=$(node -p 'require("./package.json").repository.url')
[ "$home" = "git+https://github.com/${3:?name the repository}.git" ] || refuse "package.json says that its repository is $home; correct it there and in .well-known/security.txt"
git merge-base --is-ancestor "$1" "${2:?name the branch}" || refuse "$1 is not on $2: release what was reviewed"
grep -Fqx "## $version" CHANGELOG.md || refuse "CHANGELOG.md has no heading \"## $version\""
! grep -Fqx '## Pending' CHANGELOG.md || refuse 'CHANGELOG.md still has changes under "Pending"'

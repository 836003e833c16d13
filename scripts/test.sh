#!/usr/bin/env bash
# What `npm test` does, on a fresh clone of a fresh machine as well: set up, check, test. Ends with `N passed, N failed`.
set -euo pipefail
cd "$(dirname "$0")/.."

[[ $EUID -eq 0 ]] || {
  echo 'test: TUN devices and network namespaces need root: sudo npm test' >&2
  exit 2
}

run() {
  echo "+ $*" >&2
  "$@"
}

bash scripts/setup.sh
run npm run --silent check
run shellcheck scripts/*.sh

report=$(mktemp)
trap 'rm -f "$report"' EXIT
status=0
run npx vitest run --reporter=default --reporter=json --outputFile.json="$report" "$@" || status=$?
# shellcheck disable=SC2016 # JavaScript, not shell
node -e '
  const { numPassedTests, numFailedTests, numPendingTests, success } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
  const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : "";
  console.log(`${numPassedTests} passed, ${numFailedTests} failed${skipped}`);
  process.exit(success && numPassedTests > 0 ? 0 : 1);
' "$report" || status=1
exit "$status"

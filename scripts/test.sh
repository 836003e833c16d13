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
run shellcheck scripts/*.sh scripts/hooks/*

reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
status=0

# Runs some of the vitest projects; the report is the first argument.
projects() {
  local report=$reports/$1.json
  shift
  run npx vitest run --reporter=default --reporter=json --outputFile.json="$report" "$@" || status=1
}

# The namespaces mostly wait, so one more worker than processors keeps these busy.
projects shared --project unit --project sim --project native --project netns --maxWorkers 3
# Alone: these tests measure milliseconds.
projects measured --project netns-measured

# shellcheck disable=SC2016 # JavaScript, not shell
node -e '
  const { readFileSync, readdirSync } = require("fs");
  const reports = readdirSync(process.argv[1]).map((name) => JSON.parse(readFileSync(`${process.argv[1]}/${name}`, "utf8")));
  const sum = (key) => reports.reduce((total, report) => total + report[key], 0);
  const skipped = sum("numPendingTests") > 0 ? `, ${sum("numPendingTests")} skipped` : "";
  console.log(`${sum("numPassedTests")} passed, ${sum("numFailedTests")} failed${skipped}`);
  process.exit(reports.length === 2 && reports.every(({ success, numPassedTests }) => success && numPassedTests > 0) ? 0 : 1);
' "$reports" || status=1
exit "$status"

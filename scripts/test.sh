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
run shellcheck scripts/*.sh scripts/hooks/* scripts/package/*.sh scripts/package/debian/p*

reports=$(mktemp -d)
worlds=
trap 'kill $worlds 2>/dev/null || true; rm -rf "$reports"' EXIT
status=0

# Words that run some of the vitest projects; the report is the first argument.
vitest() {
  local report=$reports/$1.json
  shift
  words=(node_modules/.bin/vitest run --reporter=default --reporter=json --outputFile.json="$report" "$@")
}

# The namespaces mostly wait, so one more worker than processors keeps these busy.
vitest shared --project unit --project native --project netns --maxWorkers 3
run "${words[@]}" || status=1

# Alone: these tests measure milliseconds. They leave most of the processors idle, and that is what the simulated worlds take beside
# them, which have a time of their own.
vitest worlds --project sim --maxWorkers 1
echo "+ ${words[*]}" >&2
chrt --idle 0 "${words[@]}" >"$reports/worlds.log" 2>&1 &
worlds=$!
vitest measured --project netns-measured
run "${words[@]}" || status=1
wait "$worlds" || status=1
worlds=
cat "$reports/worlds.log"

# Last of all, where a log cut short still has it: which tests failed, and how each began to say why.
# shellcheck disable=SC2016 # JavaScript, not shell
node -e '
  const { readFileSync, readdirSync } = require("fs");
  const { relative } = require("path");
  const reports = readdirSync(process.argv[1]).filter((name) => name.endsWith(".json")).map((name) => JSON.parse(readFileSync(`${process.argv[1]}/${name}`, "utf8")));
  for (const file of reports.flatMap(({ testResults }) => testResults)) {
    const failed = file.assertionResults.filter((test) => test.status === "failed").map((test) => [test.fullName, test.failureMessages.join("\n")]);
    if (file.status === "failed" && failed.length === 0) failed.push(["the file itself", file.message]);
    for (const [name, message] of failed) console.log(`\nFAILED ${relative(".", file.name)}: ${name}\n${message.slice(0, 3000)}`);
  }
  const sum = (key) => reports.reduce((total, report) => total + report[key], 0);
  const skipped = sum("numPendingTests") > 0 ? `, ${sum("numPendingTests")} skipped` : "";
  console.log(`${sum("numPassedTests")} passed, ${sum("numFailedTests")} failed${skipped}`);
  process.exit(reports.length === 3 && reports.every(({ success, numPassedTests }) => success && numPassedTests > 0) ? 0 : 1);
' "$reports" || status=1
exit "$status"

#!/usr/bin/env bash
# Load over HTTP: starts a server on a temporary folder, fills it with data of its own, and drives it with wrk, 1 client and
# many, on the same cores. Prints queries a second, p50 and p99, and the recall@10 of the same requests against exact search.
#
#   bench/http_load.sh [--points N] [--dimension D] [--seconds S] [--clients N] [--ef "default 32 …"] [--kith PROGRAM]
#                      [--models FOLDER] [--words-only] [--set NAME=VALUE]… [--tiny]
#
# --words-only leaves the hybrid search out, which needs the model. The loop is closed: a client sends its next request when
# it has the answer to the last.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$here")"
kith="$root/build/release/kith" models="$root/.cache/models" model=all-MiniLM-L6-v2
points=20000 dimension=384 seconds=10 many=32 ef_list="default 32 64" documents=500 settings=()

while [ $# -gt 0 ]; do
  case "$1" in
    --points) points="$2"; shift ;;
    --dimension) dimension="$2"; shift ;;
    --seconds) seconds="$2"; shift ;;
    --clients) many="$2"; shift ;;
    --ef) ef_list="$2"; shift ;;
    --kith) kith="$2"; shift ;;
    --models) models="$2"; shift ;;
    --set) settings+=(--set "$2"); shift ;;
    --words-only) documents=0 ;;
    --tiny) points=1500 dimension=32 seconds=1 many=4 ef_list="default" documents=$((documents > 0 ? 40 : 0)) ;;
    *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift
done
command -v wrk >/dev/null || { echo "http_load: wrk is missing; run tools/install_deps" >&2; exit 2; }
[ -x "$kith" ] || { echo "http_load: there is no program $kith; run \`make build\`, or name it with --kith" >&2; exit 2; }
if [ "$documents" -gt 0 ] && [ ! -d "$models/$model" ]; then
  mkdir -p "$models"
  "$kith" --quiet --set "models.folder=$models" models pull "$model" >/dev/null ||
    { echo "http_load: the model could not be fetched; --words-only does without" >&2; exit 2; }
fi

# A measurement depends on its own command line only.
for name in $(compgen -e | grep '^KITH' || true); do unset "$name"; done
work="$(mktemp -d -t kith-bench-XXXXXX)"
server=""
finish() {
  if [ -n "$server" ]; then kill -TERM "$server" 2>/dev/null && wait "$server" || true; fi
  rm -rf "$work"
}
trap finish EXIT

mkdir "$work/data"
: >"$work/url"  # there before the server is, for the loop below
"$kith" --json --data "$work/data" --set server.port=0 --set "models.folder=$models" "${settings[@]}" serve \
  >"$work/url" 2>"$work/server.log" &
server=$!
url=""
for _ in $(seq 600); do
  url="$(sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$work/url")"
  [ -n "$url" ] && break
  kill -0 "$server" 2>/dev/null || break
  sleep 0.1
done
[ -n "$url" ] || { echo "http_load: the server did not start:" >&2; cat "$work/server.log" >&2; exit 1; }

data() { python3 "$here/http_load_data.py" "$@"; }

# One row: NAME PATH BODIES EXACT_BODIES CLIENTS
row() {
  local recall figures qps p50 p99 errors
  recall="$(data recall "$url" "$2" "$3" "$4")"
  figures="$(wrk -t1 -c"$5" -d"${seconds}s" --timeout 30s -s "$here/http_load.lua" "$url$2" -- "$3" | grep '^figures ')"
  read -r _ qps p50 p99 errors <<<"$figures"
  echo "| $1 | $5 | ${recall} | ${qps#*=} | ${p50#*=} | ${p99#*=} |"
  if [ "$errors" != errors=0 ] || [ "${qps#*=}" = 0 ]; then
    echo "http_load: $1 with $5 clients: $errors, qps ${qps#*=}" >&2
    return 1
  fi
}

data fill "$url" "$work" --points "$points" --dimension "$dimension" --documents "$documents"
for ef in exact $ef_list; do data bodies "$work" --ef "$ef"; done
echo
echo "| request | clients | recall@10 | QPS | p50 ms | p99 ms |"
echo "|---|---:|---:|---:|---:|---:|"
query=/collections/load/points/query
for clients in 1 "$many"; do
  for ef in $ef_list; do
    row "points/query, ef $ef" $query "$work/points-$ef.jsonl" "$work/points-exact.jsonl" "$clients"
  done
  row "points/query, exact" $query "$work/points-exact.jsonl" "$work/points-exact.jsonl" "$clients"
  if [ "$documents" -gt 0 ]; then
    row "/v1/search, hybrid" /v1/search "$work/search.jsonl" "$work/search-exact.jsonl" "$clients"
  fi
done
echo
echo "server: at most $(awk '/VmHWM/ {printf "%.0f", $2 / 1024}' "/proc/$server/status") MiB resident"
python3 -c "import sys; sys.path.insert(0, '$here'); import kith_server; print('machine:', kith_server.machine())"

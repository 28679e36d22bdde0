#!/usr/bin/env bash
# Builds the engine's own test with one compiler and runs it: gcc or whatever c++ is (make test-native); clang++; gcc for
# aarch64, run by qemu; and as threads sleep on other systems. Where a tool is not here it says so, and the step counts as passed over.
# Run: native/test/run.sh [here|clang|aarch64|bells …]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export PATH=$PWD/.venv/bin:$PATH

needs() { # STEP TOOL…
  local step=$1 tool
  shift
  for tool in "$@"; do
    command -v "$tool" >/dev/null || { echo "$step: passed over, there is no $tool here"; return 1; }
  done
}

run() { # STEP RUNNER CMAKE-ARGUMENTS…
  local step=$1 runner=$2 home=build/test-native-$1
  shift 2
  # Little optimised: to compile the kernels takes longer than anything else, and what they compute is the same.
  cmake -S native -B "$home" -DRECURRA_TEST=ON -DRECURRA_LEVEL=-O1 "$@" >/dev/null
  cmake --build "$home" --parallel 2 >/dev/null
  echo -n "$step: "
  $runner "$home/harness"
  echo -n "$step: "
  $runner "$home/steps"
}

for step in "${@:-here}"; do
  case $step in
    here) run here "" ;;
    clang) ! needs clang clang++ || run clang "" -DCMAKE_CXX_COMPILER=clang++ ;;
    aarch64)
      ! needs aarch64 aarch64-linux-gnu-g++ qemu-aarch64 ||
        run aarch64 "qemu-aarch64 -L /usr/aarch64-linux-gnu" -DCMAKE_SYSTEM_NAME=Linux \
          -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++
      ;;
    # As where there is no futex: threads sleep by a lock and a bell.
    bells) run bells "" -DCMAKE_CXX_FLAGS=-DRECURRA_BELLS ;;
    *) echo "found $step, allowed here, clang, aarch64, bells" >&2 && exit 2 ;;
  esac
done

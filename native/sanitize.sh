#!/usr/bin/env bash
# Builds the engine with sanitizers and runs its whole test file on it: address and undefined behaviour, then threads.
# A release would be stripped of the names that reports and suppressions need. The plain interpreter runs the tests: a
# virtual environment would load the engine that is installed there.
# Objects are allocated by malloc: the interpreter's own arenas hide what is freed and used again under its lock.
# Run: native/sanitize.sh [address|thread]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
plain=$(.venv/bin/python -c 'import sys; print(sys._base_executable)')

run() { # NAME SANITIZERS LIBRARY TESTS…
  local name=$1 sanitizers=$2 library=$3
  shift 3
  local home=build/sanitize-$name
  rm -rf "$home"
  PIP_CONSTRAINT=constraints.txt .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --target "$home" \
    -C build-dir="build/sanitize-$name-objects" -C install.strip=false -C cmake.build-type=RelWithDebInfo \
    -C cmake.define.RECURRA_SANITIZE="$sanitizers" .
  # The C++ library comes first too: a sanitizer that starts before it never finds what throws its exceptions.
  PYTHONPATH=$home:$site \
    LD_PRELOAD="$(g++ -print-file-name="$library") $(g++ -print-file-name=libstdc++.so.6)" \
    ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
    TSAN_OPTIONS="die_after_fork=0:suppressions=$PWD/native/tsan.txt:ignore_noninstrumented_modules=1:log_path=$PWD/build/tsan" \
    OMP_NUM_THREADS=1 PYTHONMALLOC=malloc "$plain" -m pytest -p no:cacheprovider --timeout 1200 "$@"
}

tests=(tests/test_native.py tests/test_int8.py tests/test_native_steps.py tests/test_native_pools.py
  tests/test_reset_before.py tests/test_word_table.py tests/test_activations.py tests/test_native_kept.py
  tests/test_native_refusals.py tests/test_native_kinds.py tests/test_native_draws.py tests/test_session.py)
only=${1:-}  # address or thread, to run one of the two
[ "$only" = thread ] || run address address,undefined libasan.so "${tests[@]}"
# What limits its memory or starts an interpreter of its own (tests/test_threads.py) cannot be run so.
[ "$only" = address ] || run thread thread libtsan.so "${tests[@]}" tests/test_threads.py \
  -k "several or another_thread or (bits and not members)"

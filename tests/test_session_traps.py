"""A step allocates nothing and takes no lock: traps on malloc, on mutexes and on the system's calls count none.

The traps are a library of C that stands before the C library (LD_PRELOAD), and a filter of system calls (seccomp).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recurra.engine import native

COMPILER = shutil.which("cc") or shutil.which("gcc")
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or COMPILER is None or not native.serves(np.dtype(np.float32)),
    reason="needs Linux, a C compiler and the native engine",
)

TRAPS = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int armed;
volatile long allocations, locks, calls;
void arm(int on) { armed = on; }

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);
void *malloc(size_t n) { allocations += armed; return __libc_malloc(n); }
void *calloc(size_t n, size_t m) { allocations += armed; return __libc_calloc(n, m); }
void *realloc(void *p, size_t n) { allocations += armed; return __libc_realloc(p, n); }
void free(void *p) { allocations += armed && p; __libc_free(p); }
void *aligned_alloc(size_t a, size_t n) { allocations += armed; return __libc_memalign(a, n); }
int posix_memalign(void **p, size_t a, size_t n) {
  allocations += armed;
  *p = __libc_memalign(a, n);
  return *p ? 0 : 12;
}

static int (*lock)(pthread_mutex_t *), (*try_lock)(pthread_mutex_t *);
__attribute__((constructor)) static void find(void) {
  lock = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_lock");
  try_lock = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_trylock");
}
int pthread_mutex_lock(pthread_mutex_t *m) { locks += armed; return lock ? lock(m) : 0; }
int pthread_mutex_trylock(pthread_mutex_t *m) { locks += armed; return try_lock ? try_lock(m) : 0; }

static void told(int number) { (void)number; calls += armed; }
int trap_calls(void) {
  struct sigaction action = {0};
  action.sa_handler = told;
  if (sigaction(SIGSYS, &action, 0)) return 1;
  static struct sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#define TRAP(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP)
      TRAP(futex), TRAP(mmap), TRAP(munmap), TRAP(brk), TRAP(madvise), TRAP(sched_yield), TRAP(nanosleep),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {sizeof rules / sizeof *rules, rules};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return 2;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ? 3 : 0;
}
long call_futex(void) { static int word; return syscall(SYS_futex, &word, 1, 1, 0, 0, 0); }
"""

STEPS = """
import ctypes, json, os, sys
import numpy as np
from recurra.tasks.heads.next_token.drawing import Drawing
from recurra.nets.stepping import steps_of, streams_of
from recurra.session import Session
from small_models import language_model
from test_session import stack
from test_session_models import classifier

traps = ctypes.PyDLL(sys.argv[1])  # which keeps Python's lock while it calls
counts = [ctypes.c_long.in_dll(traps, name) for name in ("allocations", "locks", "calls")]
random = np.random.default_rng(0)
told, steps = {}, []


def step(name, session, item):
    answer = np.empty(session.outputs, np.float32)
    steps.append((name, lambda push=session.push: push(item, out=answer)))


for precision in ("float32", "int8"):
    step(f"classifier {precision}", Session(classifier(), precision=precision), 5)
    language = Session(language_model(), precision=precision)
    step(f"language {precision}", language, 5)
    draws = np.random.default_rng(1)
    drawing = Drawing(0.8, 4, 0.9)
    steps.append((f"draw {precision}", lambda s=language._streams: s.next(5, draws.random(), drawing)))
    for cell in ("rnn", "gru", "lstm", "mingru", "sru"):
        plan, tensors = stack(np.random.default_rng(3), cell=cell, precision=precision)
        streams = streams_of(steps_of(plan, tensors), 4)
        answers = np.empty((4, streams.steps.outputs), np.float32)
        tokens = np.arange(4)[:, None] if streams.steps.each else np.ones((4, streams.steps.inputs), np.float32)
        name = "ids" if streams.steps.each else "values"
        given = {name: tokens, "answers": answers, "every": False, "raw": False}
        steps.append((f"pool of {cell} {precision}", lambda read=streams._streams.read, given=given: read(**given)))

for _ in range(20):
    for name, call in steps:
        call()
failed = traps.trap_calls()
for name, call in [*steps, ("control", None)]:
    for count in counts:
        count.value = 0
    if call is None:
        traps.arm(1)
        np.empty(5_000)  # no mmap, which the filter answers with nonsense
        traps.call_futex()
        traps.arm(0)
    else:
        traps.arm(1)
        for _ in range(200):
            call()
        traps.arm(0)
    told[name] = [count.value for count in counts]
os.write(1, json.dumps({"failed": failed, "told": told}).encode())
os._exit(0)
"""


def test_a_step_allocates_nothing_and_takes_no_lock(tmp_path: Path) -> None:
    (tmp_path / "traps.c").write_text(TRAPS)
    library = tmp_path / "traps.so"
    assert COMPILER
    subprocess.run(
        [COMPILER, "-shared", "-fPIC", "-O1", "-o", library, tmp_path / "traps.c", "-ldl", "-lpthread"], check=True
    )
    surroundings = {**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        [sys.executable, "-c", STEPS, library], env=surroundings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and done.stdout, done.stderr[-2000:]
    answer = json.loads(done.stdout)
    if answer["failed"]:
        pytest.skip("this system allows no filter of system calls")
    control = answer["told"].pop("control")
    # The traps see what they should: an array's memory, and a futex.
    assert control[0] > 0 and control[2] > 0
    assert len(answer["told"]) == 16
    assert {name: counts for name, counts in answer["told"].items() if any(counts)} == {}

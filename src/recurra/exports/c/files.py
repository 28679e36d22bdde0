"""The text of a program's two files.

Not here: what is in them (program.py).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from pathlib import Path

from recurra.artefact import write_atomically
from recurra.errors import UsageError
from recurra.exports.c.arrays import number_lines
from recurra.exports.c.pieces import functions
from recurra.exports.c.program import Program
from recurra.layers.matrix.run import BagSpec
from recurra.text.features import FEATURES

HEADER = """\
/* {noun}, written by `recurra export`; {precision}. No memory is allocated and no state is shared: as many states
   as there is room for can be used side by side, from as many threads.

   A state takes {ram} bytes, the constants take {flash} bytes. */
#ifndef {upper}_H
#define {upper}_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

{macros}

typedef struct {{
{memory}
}} {name}_state;

/* Begins anew. A state must be reset once before its first step. */
void {name}_reset({name}_state *state);

/* {use} */
void {name}_step({name}_state *state, {argument}, float *answer);
{further}
#ifdef __cplusplus
}}
#endif

#endif
"""

SOURCE = """\
/* The net of {name}.h, written by `recurra export`. Its bits are those of the engine, in float32 of its
   portable kernels, where no product is joined with a sum: with -std=c99, or -ffp-contract=off. */
#include "{name}.h"

#include <float.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#if FLT_EVAL_METHOD != 0 || defined(__FAST_MATH__)
#error "floats must be computed as floats, as they stand"
#endif
#if INT_MAX < 2147483647
#error "int must have 32 bits"
#endif
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

{constants}

{functions}

{definitions}

void {name}_reset({name}_state *state) {{ memset(state, 0, sizeof *state); }}

void {name}_step({name}_state *state, {argument}, float *answer) {{
{step}
  if (!answer) return;
{answer}
}}
"""


HEADERS = {
    "assert", "complex", "ctype", "errno", "fenv", "float", "inttypes", "iso646", "limits", "locale", "math",
    "setjmp", "signal", "stdalign", "stdarg", "stdatomic", "stdbool", "stddef", "stdint", "stdio", "stdlib",
    "stdnoreturn", "string", "tgmath", "threads", "time", "uchar", "unistd", "wchar", "wctype",
}  # fmt: skip
"""Names of C's own headers, up to C11."""
MARK = "written by `recurra export`"
"""In the first line of every file, so that no other is replaced."""


def write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    """Write files into a folder, which is made.

    Raises UsageError where a file of the name is not one of these, RecurraError where the disc refuses.
    """
    for name in texts:
        path = folder / name
        if path.exists() and not (path.is_file() and MARK in path.read_text("utf-8", "replace").partition("\n")[0]):
            advice = "choose another folder, or a name by --name"
            raise UsageError("a file of this name is there, and was not exported", found=str(path), advice=advice)
    for name, text in texts.items():
        write_atomically(folder / name, text)


def c_name(text: str) -> str:
    """Return a name in C made of a text: lower-case letters, digits and lines below."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40].strip("_")
    # A name may not begin with a digit; a word of the language may stand, as every name in C goes on behind it.
    # string.h of ours would be found in the place of C's own.
    return name if name[:1].isalpha() and name not in HEADERS else f"net_{name}".rstrip("_")


def program_files(program: Program, noun: str) -> dict[str, str]:
    """Return the two files by their names: UTF-8 texts without other characters than those of ASCII."""
    draft, words = program.draft, program.words
    several = isinstance(words, BagSpec)
    argument = "const float *values" if words is None else "const int32_t *tokens" if several else "int32_t token"
    names = {"name": program.name, "upper": program.name.upper(), "argument": argument}
    header = HEADER.format(
        **names,
        noun=noun[0].upper() + noun[1:],
        precision="int8" if draft.byte else "float32",
        ram=program.ram,
        flash=program.flash,
        macros="\n".join(f"#define {names['upper']}_{key} {value}" for key, value in _sizes(program).items()),
        # Bytes last, so that no hole lies between parts.
        memory="\n".join(part.text for part in sorted(draft.memory, key=lambda part: part.kind == "int8_t")),
        use=_use(program),
        further=_declared(program),
    )
    source = SOURCE.format(
        **names,
        constants="\n\n".join([*(one.text for one in draft.constants), *_defined(program)]),
        functions=functions(draft.used),
        definitions="\n\n".join(draft.definitions),
        step="\n".join(f"  {line}" for line in draft.step),
        answer="\n".join(f"  {line}" for line in draft.answer),
    )
    return {f"{program.name}.h": header, f"{program.name}.c": source}


def _sizes(program: Program) -> dict[str, int]:
    words = program.words
    sizes = {"INPUTS": program.inputs} if words is None else {"WORDS": words.words}
    sizes |= {"FEATURES": FEATURES} if isinstance(words, BagSpec) else {}
    sizes["OUTPUTS"] = program.outputs
    return sizes | ({"NAMES": len(program.meaning.names)} if program.meaning.names else {})


def _reads(program: Program) -> str:
    upper = program.name.upper()
    if program.words is None:
        return f"one step's values ({upper}_INPUTS)"
    if isinstance(program.words, BagSpec):
        return f"one token's ids ({upper}_FEATURES), as text/features.py makes them"
    place = "" if program.task == "sequence" else ": its place in the list of the artefact's tokenizer.json"
    return f"one token{place} (what is none counts as {program.draft.unknown})"


def _use(program: Program) -> str:
    """What a step does, as a comment."""
    what = "and writes the answer of all that was read since the reset; with a null pointer none is computed"
    told = f"Reads {_reads(program)}, {what}. The answer: {program.meaning.note}."
    return "\n   ".join(textwrap.wrap(told, 114))


def _declared(program: Program) -> str:
    """Names and further numbers for the program that calls."""
    name, meaning = program.name, program.meaning
    lines = [f"extern const float {name}_{key}[{values.size}];" for key, values in meaning.arrays.items()]
    if meaning.names:
        lines.append(f"extern const char *const {name}_names[{name.upper()}_NAMES]; /* UTF-8 */")
    return "\n".join(["", *lines, ""]) if lines else ""


def _defined(program: Program) -> list[str]:
    name, meaning = program.name, program.meaning
    made = [
        f"const float {name}_{key}[{values.size}] = {{\n{number_lines(values)}\n}};"
        for key, values in meaning.arrays.items()
    ]
    if meaning.names:
        texts = "\n".join(f"  {_quoted(text)}," for text in meaning.names)
        made.append(f"const char *const {name}_names[{name.upper()}_NAMES] = {{\n{texts}\n}};")
    return made


def _quoted(text: str) -> str:
    """A text as C writes it: what is no plain letter or digit by its bytes."""
    # Three digits always: a digit behind a shorter escape would be read with it.
    plain = (chr(byte) if 32 <= byte < 127 and byte not in b'"\\?%' else f"\\{byte:03o}" for byte in text.encode())
    return f'"{"".join(plain)}"'

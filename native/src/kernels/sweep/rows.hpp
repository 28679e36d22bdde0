// The sequences of one thread while they are swept in step: where each active row's data are, step by step.
// Not here: arithmetic.
#pragma once

#include "kernels/shapes.hpp"
#include "kernels/simd/bfloat.hpp"
#include "kernels/simd/cutter.hpp"
#include "kernels/simd/vec.hpp"

namespace recurra::RECURRA_ISA {

constexpr int kChunkTokens =
    128;  // tokens whose inputs are projected at once: few enough to stay in the second-level cache
constexpr int kChunkSteps = 64;
constexpr int kWide = 512;  // inputs and units from which a layer's gradients do not stay in the second-level cache

// Steps that go into one chunk when `sequences` are swept together.
RECURRA_INLINE int chunk_steps(int sequences) {
  const int steps = kChunkTokens / (sequences > 0 ? sequences : 1);
  return steps < 1 ? 1 : steps > kChunkSteps ? kChunkSteps : steps;
}

RECURRA_INLINE int64_t token(const Sweep& sweep, const Sequence& sequence, int64_t time) {
  return sequence.first + sweep.step * time;
}

// A token's row among what is kept. Sequences that lie one after another are shifted by a row each: else those of equal
// lengths would meet in the same sets of the cache at every step.
template <class Element = float>
RECURRA_INLINE Element* kept_gates(const Sweep& sweep, const Sequence& sequence, int64_t token) {
  return static_cast<Element*>(sweep.gates) + (token + sequence.shift) * sweep.shape.gate_pitch();
}

template <class Element = float>
RECURRA_INLINE Element* kept_cells(const Sweep& sweep, const Sequence& sequence, int64_t token) {
  return static_cast<Element*>(sweep.cells) + (token + sequence.shift) * sweep.shape.state_pitch();
}

// What the gradient will read, in float32 or rounded.
RECURRA_INLINE void keep(const Sweep&, Half* to, Vec value) { store(to, value); }
RECURRA_INLINE void keep(const Sweep& sweep, float* to, Vec value) {
  sweep.much ? store_past(to, value) : store(to, value);
}

// How many of the sequences, from long to short, are longer than `time`; `before` is the answer for time - 1 or time
// + 1.
RECURRA_INLINE int active_rows(const Share& share, int64_t time, int before) {
  int active = before;
  while (active > 0 && share.sequences[active - 1].length <= time) --active;
  while (active < share.count && share.sequences[active].length > time) ++active;
  return active;
}

// Rows of a chunk's tokens: inputs, the states before, the inner ones before; of a gru_before these are r * h.
template <class Element>
struct Tokens {
  const float **values, **before;
  const Element** inner_before;
  int count;

  RECURRA_INLINE Tokens from(int first, int most) const {
    const int left = count - first;
    return {values + first, before + first, inner_before + first, left < most ? left : most};
  }
};

// The panels of a member. Those of a gru_before come in fours, a block of plain columns: both products of its step, and
// what is between them, then stay with one member.
struct Own {
  int begin, end;
};

RECURRA_INLINE Own own_panels(const Shape& shape, const Share& share) {
  const int panels = shape.panels(), blocks = shape.columns(shape.hidden), end = 4 * share.to(blocks);
  if (shape.cell != Cell::gru_before) return {share.from(panels), share.to(panels)};
  return {4 * share.from(blocks), end < panels ? end : panels};
}

// Does a phase of a share's sweep by work(part), for this member's part and those of members who are late; returns when
// all of it is done. Who comes late finds phases done and passes through them: nothing outside of `work` may read or
// write what members share.
template <class Work>
RECURRA_INLINE void in_phase(const Share& share, Work work) {
  const bool single = share.members == 1;
  for (int member = single ? 0 : begin_phase(share); member >= 0; member = single ? -1 : next_part(share)) {
    Share part = share;
    part.member = member;
    work(part);
  }
}

// The same for a part of a step, which a parallel cell's sweep does within one phase for all steps.
template <Cell C, class Work>
RECURRA_INLINE void in_step(const Share& share, Work work) {
  if constexpr (is_parallel(C))
    work(share);
  else
    in_phase(share, work);
}

RECURRA_INLINE void copy(float* to, const float* from, int count) {
  if (from)
    for (int i = 0; i < count; ++i) to[i] = from[i];
  else
    for (int i = 0; i < count; ++i) to[i] = 0.0f;
}

// Asks for a row before it is read, or written: rows of one step lie far apart, so that the processor cannot guess.
template <bool Write = false>
RECURRA_INLINE void fetch(const void* row, size_t bytes) {
  for (size_t at = 0; at < bytes; at += 64) __builtin_prefetch(static_cast<const char*>(row) + at, Write, 2);
}

template <class Number>
RECURRA_INLINE void clear(Number* to, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] = 0;
}

// Row `number` of a table of states, or null where there is none.
template <class Pointer>
RECURRA_INLINE Pointer state_row(Pointer states, int64_t number, int hidden) {
  return states ? states + number * hidden : nullptr;
}

}  // namespace recurra::RECURRA_ISA

// The rows of a product in bfloat16: rounded where they are multiplied, 16 at a time, the shape of a tile.
// Not here: the product (kernels/simd/tiles.hpp) and the sweep forward (forward.hpp), which is that of every Factor.
// Sums, activations and the states themselves are float32.
#pragma once

#include "kernels/cell/cells.hpp"
#include "kernels/simd/tiles.hpp"
#include "kernels/sweep/rows.hpp"

namespace recurra::RECURRA_ISA {

// Rows of bfloat16 of that many values: whole tiles, and a line more so that rows lie in different sets of the cache.
RECURRA_INLINE size_t half_pitch(int size) { return (size + 31) / 32 * 32 + 32; }

class HalfRows {
 public:
  template <Cell, Activation>
  using Math = Quick;
  using Element = Half;
  template <int V>
  static constexpr int kRows = kTileRows;
  using Unit = Tiles;
  // Small products apart would leave the matrix units idle in between. The bias comes last: as what tiles start from it
  // would be read once more for each of their rows, and loads of tiles are what such a product waits for.
  static constexpr bool kWithin = true;

  // A block may begin at any row, and a tile reads sixteen: as many blocks as whole tiles never read past the last one.
  RECURRA_INLINE HalfRows(Cutter& cut, size_t count, int size)
      : rows_(cut.take<Half>((count + kTileRows - 1) / kTileRows * kTileRows * half_pitch(size))),
        pitch_(half_pitch(size)) {}
  RECURRA_INLINE void take(const float* const* rows, int count, int size) {
    for (int row = 0; row < count; ++row) round_row(rows_ + row * pitch_, rows[row], size);
  }
  template <int V>
  RECURRA_INLINE void multiply(int rows, Vec* into, int first, const float* panel, int size) const {
    float* const sums = reinterpret_cast<float*>(into);
    recurra::RECURRA_ISA::multiply<V>({sums, kWidth}, sums, kWidth, rows, [&](auto add) __attribute__((always_inline)) {
      add.template operator()<0, V>(terms<V>(first, panel, size));
    });
  }
  // into = these rows · panel + the states · theirs, all at once: tiles keep the sums meanwhile.
  template <int V>
  RECURRA_INLINE void with(int rows, Vec* into, int first, const float* panel, int size, const HalfRows* states,
                           const float* state_panel, int hidden) const {
    float* const sums = reinterpret_cast<float*>(into);
    recurra::RECURRA_ISA::multiply<4>({nullptr, 0}, sums, kWidth, rows, [&](auto add) __attribute__((always_inline)) {
      add.template operator()<0, V>(terms<V>(first, panel, size));
      if (states) add.template operator()<4 - V, V>(states->terms<V>(first, state_panel, hidden));
    });
  }

 private:
  template <int V>
  RECURRA_INLINE Terms terms(int first, const float* panel, int size) const {
    return {rows_ + first * pitch_, pitch_, reinterpret_cast<const Pair*>(panel), V * kLanes, (size + 31) / 32 * 16};
  }

  Half* rows_;
  ptrdiff_t pitch_;
};

}  // namespace recurra::RECURRA_ISA

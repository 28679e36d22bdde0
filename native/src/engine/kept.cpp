// Whose kept values these are.
// Not here: what they are (layer.cpp).
#include "engine/kept.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "python/checks.hpp"

namespace recurra {
namespace {

std::vector<int64_t> packings_of(const Layers& layers) {
  std::vector<int64_t> packings;
  for (const Layer* layer : layers) packings.push_back(layer->packing());
  return packings;
}

// What a table goes through between a sweep and its gradient may cost it digits, down to those of bfloat16.
bool alike(float a, float b) {
  const float allowed = 0x1p-6f * std::max(std::abs(a), std::abs(b));
  return a == b || (a != a && b != b) || (std::isfinite(allowed) && std::abs(a - b) <= allowed);
}

void check_alike(const char* name, const Sample& before, const Sample& now) {
  if (!std::equal(before.begin(), before.end(), now.begin(), [](float a, float b) { return alike(a, b); }))
    refuse("kept", std::string("a sweep with other ") + name, "the sweep with these");
}

}  // namespace

AllKept::AllKept(const Layers& layers, const Places& places)
    : each_(layers.size()), packings_(packings_of(layers)), places_(places) {}

void AllKept::check(const Layers& layers, const Places& places, const Witness& seen) const {
  if (packings_ != packings_of(layers))
    refuse("kept", "a sweep of other layers, or of these before they were packed again", "the sweep of these layers");
  if (!(places_ == places)) refuse("kept", "a sweep over other places", "the sweep over these");
  check_alike("values", seen_.values, seen.values);
  check_alike("outputs", seen_.outputs, seen.outputs);
  check_alike("states to start from", seen_.hidden, seen.hidden);
  check_alike("inner states to start from", seen_.cell, seen.cell);
  check_alike("rows", seen_.rows, seen.rows);
  if (used_) throw std::runtime_error("what the sweep kept was used up by its first gradient; sweep again for another");
}

size_t AllKept::bytes() const {
  size_t sum = 0;
  for (const Kept& one : each_) sum += one.gates.bytes() + one.cells.bytes();
  return sum;
}

}  // namespace recurra

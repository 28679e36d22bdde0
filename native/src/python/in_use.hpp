// Packed weights in use: while a sweep reads them, nobody may pack them anew, and the other way round.
// Not here: waiting. Uses are counted under Python's lock, which is left while the engine works.
#pragma once

#include "engine/kept.hpp"
#include "python/checks.hpp"

namespace recurra {

class Reading {
 public:
  explicit Reading(const Layers& layers) : layers_(layers) {
    for (const Layer* layer : layers_)
      if (layer->uses < 0) refuse("layers", "weights that another thread packs", "packed ones");
    for (const Layer* layer : layers_) ++layer->uses;
  }
  ~Reading() {
    for (const Layer* layer : layers_) --layer->uses;
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

 private:
  const Layers& layers_;
};

class Packing {
 public:
  explicit Packing(const Layer& layer) : layer_(layer) {
    if (layer_.uses) refuse("layer", "weights that another thread packs or sweeps", "those of a layer at rest");
    layer_.uses = -1;
  }
  ~Packing() { layer_.uses = 0; }
  Packing(const Packing&) = delete;
  Packing& operator=(const Packing&) = delete;

 private:
  const Layer& layer_;
};

}  // namespace recurra

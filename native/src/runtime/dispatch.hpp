// The instruction sets that were compiled, and the one in use.
// Not here: the kernels (kernels/float32.cpp and its siblings).
#pragma once

#include <string>
#include <vector>

#include "kernels/shapes.hpp"

namespace recurra {

// An instruction set: its kernels in float32, its sweeps in bfloat16, and what it does in int8.
struct InstructionSet {
  const char* name;
  const Kernels* kernels;
  const Sweeper* half;
  const Bytes* bytes;
  const Sweeper& sweeper(Precision precision) const {
    return precision == Precision::half ? *half : precision == Precision::bytes ? bytes->sweeps : kernels->single;
  }
};

// The one in use: the best this processor runs, or what choose_instructions() was told.
const InstructionSet& instructions();
// Names of the instruction sets this processor runs, best first.
std::vector<std::string> available();
// Forces one of them; false if this processor cannot run it.
bool choose_instructions(const std::string& name);

}  // namespace recurra

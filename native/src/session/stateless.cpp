// Stages of a step that keep no state: dense layers, convolutions over a chunk, functions of single numbers.
// Not here: the stages that do, and the order of all (session.cpp).
#include <algorithm>

#include "session/session.hpp"

namespace recurra {
namespace {

// A chunk with zeros at its ends, or with its own places there, mirrored at the first and the last.
void lengthen(const Slide& slide, const float* chunk, float* into) {
  const int channels = slide.channels, all = slide.left + slide.length + slide.right;
  std::copy_n(chunk, slide.length * channels, into + slide.left * channels);
  for (int place = 0; place < all; ++place) {
    if (place == slide.left) place += slide.length;
    if (place == all) break;
    const int mirrored = place < slide.left ? slide.left - place : 2 * slide.length + slide.left - place - 2;
    float* const to = into + (size_t)place * channels;
    if (slide.reflect)
      std::copy_n(chunk + (size_t)mirrored * channels, channels, to);
    else
      std::fill_n(to, channels, 0.0f);
  }
}

}  // namespace

void Streams::stateless(const Stage& stage, int rows, float* into, ptrdiff_t pitch) {
  if (stage.kind == StageKind::dense) return dense(stage, rows, into, pitch);
  if (stage.kind == StageKind::convolution) return convolve(stage, rows, into, pitch);
  const Answering& answering = net_.answering();
  for (int row = 0; row < rows; ++row) {
    float* to = into + row * pitch;
    if (stage.function != Function::magnitude) {
      answering.activate(static_cast<Activation>(stage.function), rows_[row], to, stage.outputs);
      continue;
    }
    const int pairs = stage.outputs / stage.places;
    for (int place = 0; place < stage.places; ++place, to += pairs) {
      const float* const real = rows_[row] + (size_t)place * 2 * pairs;
      for (int at = 0; at < pairs; ++at)
        to[at] = __builtin_sqrtf(real[at] * real[at] + real[pairs + at] * real[pairs + at]);
    }
  }
}

void Streams::dense(const Stage& stage, int rows, float* into, ptrdiff_t pitch) {
  const Answering& answering = net_.answering();
  for (int row = 0; row < rows; ++row) std::copy_n(stage.bias.data(), stage.outputs, into + row * pitch);
  answering.dense(rows_.data(), rows, stage.inputs, stage.packed.floats(), stage.outputs, into, pitch);
  for (int row = 0; stage.activated && row < rows; ++row)
    answering.activate(stage.activation, into + row * pitch, into + row * pitch, stage.outputs);
}

// All windows of all rows are one product: they overlap where they lie, and none is copied.
void Streams::convolve(const Stage& stage, int rows, float* into, ptrdiff_t pitch) {
  const Slide& slide = stage.slide;
  const int places = slide.places(), filters = stage.outputs / places, channels = slide.channels;
  for (int row = 0; row < rows; ++row) {
    const float* chunk = rows_[row];
    if (slide.left || slide.right) {
      float* const longer = lengthened_.floats() + (size_t)row * slide.lengthened();
      lengthen(slide, chunk, longer);
      chunk = longer;
    }
    for (int place = 0; place < places; ++place) {
      windows_[(size_t)row * places + place] = chunk + (size_t)place * slide.stride * channels;
      std::copy_n(stage.bias.data(), filters, into + row * pitch + (size_t)place * filters);
    }
  }
  const Answering& answering = net_.answering();
  if (pitch == stage.outputs)
    return answering.dense(windows_.data(), rows * places, slide.width, stage.packed.floats(), filters, into, filters);
  for (int row = 0; row < rows; ++row)
    answering.dense(windows_.data() + (size_t)row * places, places, slide.width, stage.packed.floats(), filters,
                    into + row * pitch, filters);
}

}  // namespace recurra

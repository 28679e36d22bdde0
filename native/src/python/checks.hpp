// Every shape and stride of an array is checked here before a pointer is touched; and choices by name.
// Not here: what arrays are (arrays.hpp), and what is done with them (module.cpp).
#pragma once

#include <initializer_list>
#include <string>

#include "engine/layer.hpp"
#include "python/arrays.hpp"

namespace recurra {

// Which of the names it is.
inline int place_of(const char* what, const std::string& name, std::initializer_list<const char*> names) {
  std::string allowed;
  int place = 0;
  for (const char* each : names) {
    if (name == each) return place;
    allowed += (place++ ? ", " : "") + std::string(each);
  }
  refuse(what, name, allowed);
}

inline Activation activation_of(const std::string& name) {
  return static_cast<Activation>(place_of("activation", name, {"tanh", "relu", "sigmoid"}));
}

inline Precision precision_of(const std::string& name) {
  return static_cast<Precision>(place_of("precision", name, {"float32", "bf16", "int8"}));
}

inline std::string shown(int64_t rows, int64_t columns) {
  return "(" + std::to_string(rows) + ", " + std::to_string(columns) + ")";
}

// A table of that many rows and columns whose rows are each in one piece; null where nothing was given. One that is
// only read may be the same row again and again.
template <class Given>
auto table(const char* name, const Given& given, int64_t rows, int64_t columns) -> decltype(given.data()) {
  if (given.shape(0) != rows || given.shape(1) != columns)
    refuse(name, shown(given.shape(0), given.shape(1)), shown(rows, columns));
  if (!rows || !columns) return given.data();
  if (columns > 1 && given.stride(1) != 1) refuse(name, "columns apart", "values of a row side by side");
  if (rows > 1 && given.stride(0) < columns && !(Given::kRead && given.stride(0) == 0))
    refuse(name, "overlapping rows", "rows one after another");
  return given.data();
}

// The same without gaps between rows.
template <class Given>
auto whole(const char* name, const Given& given, int64_t rows, int64_t columns) -> decltype(given.data()) {
  auto data = table(name, given, rows, columns);
  if (rows > 1 && columns && given.stride(0) != columns) refuse(name, "gaps between rows", "one piece");
  return data;
}

template <class Given>
auto flat(const char* name, const Given& given, int64_t size) -> decltype(given.data()) {
  if (given.shape(0) != size) refuse(name, std::to_string(given.shape(0)) + " values", std::to_string(size));
  if (size > 1 && given.stride(0) != 1) refuse(name, "values apart", "one piece");
  return given.data();
}

// States of all directions: (directions, sequences, hidden) in one piece; null where nothing was given.
template <class Given>
auto states(const char* name, const Maybe<Given>& given, int64_t directions, int64_t sequences, int64_t hidden)
    -> decltype(given->data()) {
  if (!given) return nullptr;
  const Given& held = *given;
  if (held.shape(0) != directions || held.shape(1) != sequences || held.shape(2) != hidden)
    refuse(name, shown(held.shape(1), held.shape(2)) + " in " + std::to_string(held.shape(0)),
           shown(sequences, hidden) + " in " + std::to_string(directions));
  const bool empty = !directions || !sequences;
  if (!empty && ((hidden > 1 && held.stride(2) != 1) || (sequences > 1 && held.stride(1) != hidden) ||
                 (directions > 1 && held.stride(0) != sequences * hidden)))
    refuse(name, "gaps", "one piece");
  return held.data();
}

// The part of one direction, or null.
template <class Pointer>
Pointer part(Pointer states, size_t direction, const Places& places, int hidden) {
  return states ? states + direction * places.sequences.size() * hidden : nullptr;
}

}  // namespace recurra

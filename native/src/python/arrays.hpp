// Arrays from Python as they come: of the right numbers and axes or refused by name, and the memory they lie in.
// Not here: their shapes (checks.hpp).
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace recurra {

namespace nb = nanobind;

[[noreturn]] inline void refuse(const std::string& name, const std::string& found, const std::string& allowed) {
  throw std::invalid_argument(name + ": found " + found + ", allowed " + allowed);
}

// An argument that should be an array of such numbers. nanobind itself would not tell which argument is wrong, and why.
template <class Number, class... Config>
class Argument {
 public:
  using Import = nb::ndarray<Number, Config..., nb::device::cpu>;
  static constexpr bool kRead = std::is_const_v<Number>;

  Argument() = default;
  explicit Argument(Import array) : array_(std::move(array)) {}
  explicit Argument(std::string trouble) : trouble_(std::move(trouble)) {}

  // Throws a TypeError where it is no such array.
  void require(const std::string& name) const {
    if (!trouble_.empty()) throw nb::type_error((name + ": found " + trouble_ + ", allowed " + allowed()).c_str());
    if (reinterpret_cast<uintptr_t>(array_.data()) % sizeof(Number))
      refuse(name, "numbers off their boundaries in memory", "an aligned array");
  }
  size_t ndim() const { return checked().ndim(); }
  size_t size() const { return checked().size(); }
  int64_t shape(size_t axis) const { return (int64_t)checked().shape(axis); }
  int64_t stride(size_t axis) const { return checked().stride(axis); }
  Number* data() const { return checked().data(); }

 private:
  const Import& checked() const {
    if (!trouble_.empty()) require("an argument");
    return array_;
  }

  static std::string allowed() {
    using Plain = std::remove_const_t<Number>;
    const std::string type = (std::is_floating_point_v<Plain> ? "float" : "int") + std::to_string(8 * sizeof(Plain));
    const int axes = nb::detail::ndarray_config_t<int, Number, Config...>::N;
    const std::string kind = axes < 0    ? " in one piece"
                             : axes == 1 ? " with 1 axis"
                                         : " with " + std::to_string(axes) + " axes";
    return type + kind + (kRead ? "" : ", open to writing");
  }

  Import array_;
  std::string trouble_;
};

template <class Number, int Axes>
using Array = Argument<Number, nb::ndim<Axes>>;
// Of any number of axes, in one piece.
template <class Number>
using Whole = Argument<Number, nb::c_contig>;
using In = Array<const float, 2>;
using Out = Array<float, 2>;
using In3 = Array<const float, 3>;
using Out3 = Array<float, 3>;
using Vector = Array<const float, 1>;
using VectorOut = Array<float, 1>;
template <class Thing>
using Maybe = std::optional<Thing>;

inline bool is_numpy_array(nb::handle object) {
  static PyObject* kind = nullptr;  // looked up under the interpreter's lock, once NumPy is there
  if (!kind) {
    const nb::object numpy = nb::steal(PyImport_GetModule(nb::str("numpy").ptr()));
    if (!numpy.is_valid()) {
      PyErr_Clear();
      return false;
    }
    kind = nb::object(numpy.attr("ndarray")).release().ptr();
  }
  return PyObject_TypeCheck(object.ptr(), reinterpret_cast<PyTypeObject*>(kind));
}

// Whether nanobind can look at it. It believes every buffer, but NumPy's times and ctypes' arrays tell no strides
// though they have axes, and some items have no size: the process would end there.
inline bool open_to_looks(nb::handle object) noexcept {
  try {
    if (!PyObject_CheckBuffer(object.ptr()) || is_numpy_array(object)) return true;
    Py_buffer told;
    if (PyObject_GetBuffer(object.ptr(), &told, PyBUF_RECORDS_RO) == 0) {
      const bool whole = told.itemsize > 0 && (told.strides || !told.ndim);
      PyBuffer_Release(&told);
      return whole;
    }
    PyErr_Clear();
    return true;  // it has none after all
  } catch (const std::exception&) {
    return false;
  }
}

// What an object is that is not the array it should be.
inline std::string described(nb::handle object) noexcept {
  const auto text = [](const nb::object& thing) -> std::string {
    const nb::str shown(thing);
    if (const char* const characters = shown.c_str()) return characters;
    PyErr_Clear();
    return "what cannot be printed";
  };
  try {
    if (!nb::hasattr(object, "dtype") || !nb::hasattr(object, "shape")) return nb::type_name(object.type()).c_str();
    const nb::object type = object.attr("dtype"), shape = object.attr("shape");
    const nb::object flags = nb::getattr(object, "flags", nb::none()),
                     open = nb::getattr(flags, "writeable", nb::none());
    return text(type) + " of shape " + text(shape) + (open.is(nb::bool_(false)) ? ", closed to writing" : "");
  } catch (const std::exception& error) {
    return error.what();
  }
}

// The memory from an array's first value to its last.
struct Extent {
  std::string name;
  const char *begin, *end;  // null where there is none
  bool read;
};

// … of an argument, which is refused where it is no such array.
template <class Number, class... Config>
Extent extent(const std::string& name, const Argument<Number, Config...>& given) {
  given.require(name);
  int64_t first = 0, last = 0;
  for (size_t axis = 0; axis < given.ndim(); ++axis) {
    if (!given.shape(axis)) return {name, nullptr, nullptr, true};
    const int64_t far = (given.shape(axis) - 1) * given.stride(axis);
    (far < 0 ? first : last) += far;
  }
  return {name, reinterpret_cast<const char*>(given.data() + first),
          reinterpret_cast<const char*>(given.data() + last + 1), given.kRead};
}

template <class Thing>
Extent extent(const std::string& name, const Maybe<Thing>& given) {
  return given ? extent(name, *given) : Extent{name, nullptr, nullptr, true};
}

// What is written to must not overlap anything else: threads would read values that others are just writing.
inline void check_apart(std::vector<Extent> extents) {
  std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
  const Extent *farthest = nullptr, *written = nullptr;
  for (const Extent& one : extents) {
    const Extent* before = one.read ? written : farthest;
    if (one.begin && before && one.begin < before->end)
      refuse((one.read ? *before : one).name, "memory overlapping that of " + (one.read ? one : *before).name,
             "memory of its own");
    if (!farthest || farthest->end < one.end) farthest = &one;
    if (!one.read && (!written || written->end < one.end)) written = &one;
  }
}

}  // namespace recurra

// Arrays are taken as they are: a converted copy of an output would be written to and thrown away.
template <class Number, class... Config>
struct nanobind::detail::type_caster<recurra::Argument<Number, Config...>> {
  using Taken = recurra::Argument<Number, Config...>;
  using Import = make_caster<typename Taken::Import>;
  NB_TYPE_CASTER(Taken, Import::Name)

  bool from_python(handle source, uint32_t flags, cleanup_list* cleanup) noexcept {
    Import import;
    const bool right = !source.is_none() && recurra::open_to_looks(source) &&
                       import.from_python(source, flags & ~uint32_t(cast_flags::convert), cleanup);
    value = right ? Taken(std::move(import.value)) : Taken(recurra::described(source));
    return true;
  }
};

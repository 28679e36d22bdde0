// The free list behind `Buffer`.
// Not here: small things, which the C library serves well.
#include "buffers.hpp"

#include <pthread.h>
#include <sys/mman.h>

#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace recurra {
namespace {

constexpr size_t kPage = 4096, kLarge = size_t{2} << 20;
constexpr size_t kKept = size_t{1} << 30;  // bytes that may lie unused

struct Free {
  void* memory;
  size_t bytes;
};

// Never destroyed, so that buffers may outlive the end of main.
struct List {
  std::mutex mutex;
  std::vector<Free> free;
  size_t bytes = 0;
};

List& list() {
  static List* only = [] {
    static List* made = new List;
    // A fork waits until nobody is in the list: the child's copy of the lock would stay locked for ever.
    pthread_atfork([] { made->mutex.lock(); }, [] { made->mutex.unlock(); }, [] { made->mutex.unlock(); });
    return made;
  }();
  return *only;
}

void* fresh(size_t bytes) {
  void* memory = std::aligned_alloc(bytes >= kLarge ? kLarge : kPage, bytes);
  if (!memory) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
  if (bytes >= kLarge) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

// Takes the smallest free buffer that is large enough and not wastefully large, or nothing.
Free take(size_t bytes) {
  List& held = list();
  std::lock_guard<std::mutex> lock(held.mutex);
  size_t best = held.free.size();
  for (size_t i = 0; i < held.free.size(); ++i) {
    const size_t size = held.free[i].bytes;
    if (size >= bytes && size <= 2 * bytes && (best == held.free.size() || size < held.free[best].bytes)) best = i;
  }
  if (best == held.free.size()) return {nullptr, 0};
  const Free found = held.free[best];
  held.free[best] = held.free.back();
  held.free.pop_back();
  held.bytes -= found.bytes;
  return found;
}

}  // namespace

Buffer::Buffer(size_t floats) {
  if (!floats) return;
  size_t bytes = floats * sizeof(float);
  const size_t grain = bytes >= kLarge ? kLarge : kPage;
  bytes = (bytes + grain - 1) / grain * grain;
  const Free found = take(bytes);
  memory_ = found.memory ? found.memory : fresh(bytes);
  bytes_ = found.memory ? found.bytes : bytes;
}

Buffer::~Buffer() {
  if (!memory_) return;
  List& held = list();
  {
    std::lock_guard<std::mutex> lock(held.mutex);
    if (held.bytes + bytes_ <= kKept) {
      held.free.push_back({memory_, bytes_});
      held.bytes += bytes_;
      return;
    }
  }
  std::free(memory_);
}

Buffer::Buffer(Buffer&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

void release_buffers() {
  List& held = list();
  std::lock_guard<std::mutex> lock(held.mutex);
  for (const Free& one : held.free) std::free(one.memory);
  held.free.clear();
  held.bytes = 0;
}

}  // namespace recurra

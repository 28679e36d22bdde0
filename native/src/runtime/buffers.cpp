// The free list behind `Buffer`.
// Not here: small things, which the C library serves well.
#include "runtime/buffers.hpp"

#if defined(_WIN32)
#include <malloc.h>
#else
#include <sys/mman.h>
#endif

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "runtime/forks.hpp"

namespace recurra {
namespace {

constexpr size_t kPage = 4096, kLarge = size_t{2} << 20;
constexpr int kEra = 100;  // sweeps

#if defined(_WIN32)
// From and back to the C library, which hands large ones to the system at once.
void* fresh(size_t bytes) {
  if (void* memory = _aligned_malloc(bytes, bytes < kLarge ? kPage : kLarge)) return memory;
  throw std::bad_alloc();
}

void give_back(void* memory, size_t) { _aligned_free(memory); }
#else
// From and back to the system: large ones past the C library, which a training process tells to keep what is freed.
void* fresh(size_t bytes) {
  if (bytes < kLarge) {
    if (void* memory = std::aligned_alloc(kPage, bytes)) return memory;
    throw std::bad_alloc();
  }
  // A large page more than asked for; what lies before and behind whole ones goes back at once.
  void* const map = mmap(nullptr, bytes + kLarge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED) throw std::bad_alloc();
  char* const start = static_cast<char*>(map);
  const size_t before = (kLarge - reinterpret_cast<uintptr_t>(map) % kLarge) % kLarge;
  if (before) munmap(start, before);
  munmap(start + before + bytes, kLarge - before);
#if defined(MADV_HUGEPAGE)
  madvise(start + before, bytes, MADV_HUGEPAGE);
#endif
  return start + before;
}

void give_back(void* memory, size_t bytes) {
  if (bytes < kLarge)
    std::free(memory);
  else
    munmap(memory, bytes);
}
#endif

struct Block {
  void* memory;
  size_t bytes;
};

class List {
 public:
  std::mutex mutex;

  Block get(size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex);
    auto best = fitting(bytes, 2 * bytes);
    // Rather a wastefully large one than more memory than was needed lately.
    if (best == free_.end() && bytes >= kLarge && told_.used + told_.unused + bytes > needed())
      best = fitting(bytes, SIZE_MAX);
    Block found{nullptr, bytes};
    if (best != free_.end()) {
      found = *best;
      free_.erase(best);
      told_.unused -= found.bytes;
    } else {
      // Room for it to come back: a destructor must not run out of memory.
      if (free_.capacity() <= made_) free_.reserve(2 * made_ + 16);
      found.memory = fresh(bytes);
      told_.fresh += bytes;
      ++made_;
    }
    told_.used += found.bytes;
    most_ = std::max(most_, told_.used);
    trim(needed());
    return found;
  }

  void put(const Block& block) {
    const std::lock_guard<std::mutex> lock(mutex);
    told_.used -= block.bytes;
    told_.unused += block.bytes;
    free_.push_back(block);
    trim(needed());
  }

  void age() {
    const std::lock_guard<std::mutex> lock(mutex);
    if (++sweeps_ % kEra) return;
    before_ = std::exchange(most_, told_.used);
    trim(needed());
  }

  void release() {
    const std::lock_guard<std::mutex> lock(mutex);
    trim(0);
  }

  BufferBytes told() {
    const std::lock_guard<std::mutex> lock(mutex);
    return told_;
  }

 private:
  // The smallest of so many bytes.
  std::vector<Block>::iterator fitting(size_t least, size_t most) {
    auto best = free_.end();
    for (auto one = free_.begin(); one != free_.end(); ++one)
      if (one->bytes >= least && one->bytes <= most && (best == free_.end() || one->bytes < best->bytes)) best = one;
    return best;
  }

  // What was in use at once at most, lately; an eighth more, since sizes differ.
  size_t needed() const { return std::max(most_, before_) / 8 * 9; }

  // Gives back those that have lain longest, until no more than so many bytes are held, used ones included.
  void trim(size_t bytes) {
    size_t count = 0;
    for (; count < free_.size() && told_.used + told_.unused > bytes; ++count) {
      give_back(free_[count].memory, free_[count].bytes);
      told_.unused -= free_[count].bytes;
    }
    made_ -= count;
    free_.erase(free_.begin(), free_.begin() + count);
  }

  std::vector<Block> free_;  // the longest unused first
  size_t made_ = 0;          // how many there are, used ones included
  BufferBytes told_{};
  size_t most_ = 0, before_ = 0;  // bytes in use at once: in this era, and in the last
  int sweeps_ = 0;
};

// Never destroyed, so that buffers may outlive the end of main. A fork waits until nobody is in the list: the child's
// copy of the lock would stay locked for ever.
List& list = *[] {
  static List* const made = new List;
  at_fork([] { made->mutex.lock(); }, [] { made->mutex.unlock(); }, [] { made->mutex.unlock(); });
  return made;
}();

}  // namespace

Buffer::Buffer(size_t floats) {
  if (!floats) return;
  const size_t bytes = floats * sizeof(float), grain = bytes >= kLarge ? kLarge : kPage;
  const Block found = list.get((bytes + grain - 1) / grain * grain);
  memory_ = found.memory;
  bytes_ = found.bytes;
}

Buffer::~Buffer() {
  if (memory_) list.put({memory_, bytes_});
}

Buffer::Buffer(Buffer&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

void age_buffers() { list.age(); }

void release_buffers() { list.release(); }

BufferBytes buffer_bytes() { return list.told(); }

}  // namespace recurra

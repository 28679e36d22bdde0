// Large aligned buffers that are used again: glibc returns them to the system on every step, and the page faults of the
// next step then cost as much as its arithmetic.
// Not here: what is in them. A fresh buffer's contents are whatever they are.
#pragma once

#include <cstddef>

namespace recurra {

class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t floats);
  ~Buffer();
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  float* floats() const { return static_cast<float*>(memory_); }
  size_t bytes() const { return bytes_; }

 private:
  void* memory_ = nullptr;
  size_t bytes_ = 0;
};

// Tells that a sweep begins: what the last hundred or two did not need goes back to the system.
void age_buffers();

// Gives every unused buffer back to the system.
void release_buffers();

struct BufferBytes {
  size_t used, unused, fresh;  // handed out, lying ready, and asked of the system since the process began
};
BufferBytes buffer_bytes();

}  // namespace recurra

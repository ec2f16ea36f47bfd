// SPDX-License-Identifier: Apache-2.0
//
// Not thread_local: an object with a destructor is used after it in other destructors, and even
// plain bytes are allocated at a thread's first use where the library was loaded by dlopen; when
// that fails, the C library ends the process. A thread-specific value of POSIX fails with a status.
#include "capi/sentences.hpp"

#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace gradstep::internal {
namespace {

struct place {
  std::atomic<bool> is_taken = false;
  bool is_leaving = false;  // its thread ends
  place* next = nullptr;    // of those that were allocated
  char text[sentence_size] = "";
};

/// Enough for most processes: no memory is asked for.
constinit place reserved[64];

/// Those of more threads at once. They are used again and never freed: a thread that ends may still
/// hold a pointer to its sentence.
constinit std::atomic<place*> allocated = nullptr;

/// A thread had no place for its sentence.
constinit std::atomic<bool> is_one_lost = false;

bool take(place& p) noexcept {
  if (p.is_taken.load(std::memory_order_relaxed)) return false;
  if (p.is_taken.exchange(true, std::memory_order_acquire)) return false;
  p.is_leaving = false;
  p.text[0] = '\0';
  return true;
}

place* allocate() noexcept {
  void* memory = std::malloc(sizeof(place));
  if (memory == nullptr) return nullptr;
  auto* p = new (memory) place;
  take(*p);
  p->next = allocated.load(std::memory_order_relaxed);
  while (!allocated.compare_exchange_weak(p->next, p, std::memory_order_release)) {
  }
  return p;
}

place* take_any() noexcept {
  for (place& p : reserved) {
    if (take(p)) return &p;
  }
  for (place* p = allocated.load(std::memory_order_acquire); p != nullptr; p = p->next) {
    if (take(*p)) return p;
  }
  return allocate();
}

void give_back(place& p) noexcept { p.is_taken.store(false, std::memory_order_release); }

void at_thread_exit(void* value);

struct place_key {
  pthread_key_t key;
  bool is_there;
  place_key() noexcept : key(), is_there(pthread_key_create(&key, at_thread_exit) == 0) {}
};

const place_key& key() noexcept {
  static const place_key made;  // without a destructor, so it is never gone
  return made;
}

// Early, while the first values of a thread take no memory.
[[maybe_unused]] const place_key& made_when_loaded = key();

/// Destructors of other values may come later and make calls that fail, or read the sentence: the
/// place is kept for one more round of them.
void at_thread_exit(void* value) {
  auto& p = *static_cast<place*>(value);
  if (!p.is_leaving) {
    p.is_leaving = true;
    if (pthread_setspecific(key().key, &p) == 0) return;
  }
  give_back(p);
}

place* own_place() noexcept {
  return key().is_there ? static_cast<place*>(pthread_getspecific(key().key)) : nullptr;
}

}  // namespace

char* sentence_place() noexcept {
  if (place* own = own_place()) return own->text;
  place* taken = key().is_there ? take_any() : nullptr;
  if (taken != nullptr && pthread_setspecific(key().key, taken) == 0) return taken->text;
  if (taken != nullptr) give_back(*taken);
  is_one_lost.store(true, std::memory_order_relaxed);
  return nullptr;
}

const char* sentence() noexcept {
  if (const place* own = own_place()) return own->text;
  if (!is_one_lost.load(std::memory_order_relaxed)) return "";
  return "out of memory: there was none for a sentence";
}

}  // namespace gradstep::internal

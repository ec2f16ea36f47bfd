// SPDX-License-Identifier: Apache-2.0
//
// Why not thread_local: other destructors would use an object after its own destructor has run.
// Plain bytes have no destructor, but the dynamic linker allocates them at a thread's first use if
// dlopen has loaded the library, and ends the process when there is no memory. A thread-specific
// value of POSIX reports such a failure.
#include "capi/thread_sentence.hpp"

#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "threads/loaded_code.hpp"

namespace gradstep::internal {
namespace {

struct place {
  std::atomic<bool> is_taken = false;
  bool is_leaving = false;  // its thread is about to end
  place* next = nullptr;    // in the list of allocated places
  char text[sentence_size] = "";
};

/// Enough places for most processes, which then need no allocated ones.
constinit place reserved[64];

/// Places for more threads at once. They are used again and never freed, because a thread that ends
/// may still hold a pointer to its sentence.
constinit std::atomic<place*> allocated = nullptr;

/// Some thread got no place, and lost its sentence.
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

const place_key& own_key() noexcept {
  static const place_key made;  // has no destructor, so it is always valid
  return made;
}

// The key is made early: the first few keys of a process need no memory for their values.
[[maybe_unused]] const place_key& made_when_loaded = own_key();

/// Destructors of other thread-specific values may come later, and fail calls or read the sentence.
/// So the first call here keeps the place for one more round of destructors.
void at_thread_exit(void* value) {
  auto& p = *static_cast<place*>(value);
  if (!p.is_leaving) {
    p.is_leaving = true;
    if (pthread_setspecific(own_key().key, &p) == 0) return;
  }
  give_back(p);
}

place* own_place() noexcept {
  return own_key().is_there ? static_cast<place*>(pthread_getspecific(own_key().key)) : nullptr;
}

}  // namespace

char* sentence_place() noexcept {
  if (place* own = own_place()) return own->text;
  place* taken = own_key().is_there ? take_any() : nullptr;
  if (taken != nullptr && pthread_setspecific(own_key().key, taken) == 0) {
    keep_code_loaded();  // the thread's end calls at_thread_exit
    return taken->text;
  }
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

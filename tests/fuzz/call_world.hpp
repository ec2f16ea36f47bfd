// SPDX-License-Identifier: Apache-2.0
//
// The objects of one sequence of calls, the arguments that are made of them, and what every call
// promises.
#pragma once

#include <gradstep/gradstep.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "fuzz/finding.hpp"
#include "fuzz/fuzz_input.hpp"
#include "fuzz/fuzz_memory.hpp"
#include "fuzz/hostile_values.hpp"
#include "fuzz/saved_bytes.hpp"

namespace gradstep_test {

/// What a tensor's gradient needs, wherever it is.
struct grad_place {
  std::size_t bytes, element_size;
};

struct owned_optimizer {
  gradstep_optimizer* handle;
  const gradstep_context* context;
  std::map<std::size_t, grad_place> grads;  // by the tensor's index
};

/// The handles are those that are alive. Only the last ones of a kind are kept.
class call_world {
 public:
  explicit call_world(fuzz_input input);
  ~call_world();
  call_world(const call_world&) = delete;
  call_world& operator=(const call_world&) = delete;

  // ---- Calls ----------------------------------------------------------------------------------

  /// Makes a call and checks what every call promises: a known status; after a failure a sentence
  /// and no change; after a success the sentence of before.
  gradstep_status check(const char* name, const std::function<gradstep_status()>& call);

  /// A call with an argument from each generator, made in this order.
  template <class... A, class... Generators>
  gradstep_status make(const char* name, gradstep_status (*function)(A...),
                       const Generators&... generators) {
    const std::tuple<A...> arguments{std::invoke(generators, this)...};
    return check(name, [&] { return std::apply(function, arguments); });
  }

  // ---- Arguments ------------------------------------------------------------------------------

  const gradstep_context* context() { return one_of(contexts); }
  gradstep_rule* rule() { return one_of(rules); }
  gradstep_schedule* schedule() { return one_of(schedules); }
  owned_optimizer* owned() {
    const std::uint8_t choice = in.byte();
    if (choice == 255 || optimizers.empty()) return nullptr;
    return &optimizers[choice % optimizers.size()];
  }
  gradstep_optimizer* optimizer() {
    const auto* const found = owned();
    return found == nullptr ? nullptr : found->handle;
  }

  double real() { return hostile_real(in); }
  std::uint64_t size() { return hostile_size(in); }
  std::uint64_t index() { return hostile_index(in); }
  std::int32_t small_integer() {
    constexpr std::int32_t values[] = {1, 0, 2, -1, INT32_MAX, INT32_MIN};
    return in.one_of(values);
  }
  std::int32_t dtype() {
    constexpr std::int32_t values[] = {1, 2, 3, 4, 5, 6, 0, 7, -1, INT32_MAX, 1 + 256};
    return in.one_of(values);
  }

  /// One of these names, a wrong one, or NULL, in memory of exactly its size.
  const char* name_of(const std::vector<std::string>& names);
  const char* rule_name() { return name_of(names().rules); }
  const char* schedule_name() { return name_of(names().schedules); }
  const char* hyperparameter_name() { return name_of(names().hyperparameters); }
  const char* parameter_name() { return name_of(names().parameters); }
  const char* slot_name() { return name_of(names().slots); }
  const char* scalar_name() { return name_of(names().scalars); }
  const char* transform_name() { return name_of(names().transforms); }
  const char* given_name();  // of a group, a tensor or a note

  static const known_names& names() {
    static const known_names all;
    return all;
  }

  /// Memory for one value, or NULL.
  template <class T>
  T* output() {
    return in.chance(8) ? nullptr : static_cast<T*>(memory.block(sizeof(T), 0xaa));
  }
  /// A struct for the library to fill, in memory of the size that it declares; or NULL.
  template <class Struct>
  Struct* output_struct() {
    return in.chance(8) ? nullptr : sized_block(static_cast<const Struct*>(nullptr));
  }
  /// A struct for the library to read, in memory of the size that it declares; or NULL.
  template <class Struct>
  Struct* given_struct(const Struct& value) {
    return in.chance(8) ? nullptr : sized_block(&value);
  }

  // ---- State ----------------------------------------------------------------------------------

  /// Keeps a handle that was created.
  template <class Handle>
  static void keep(std::vector<Handle*>& handles, gradstep_status status, Handle** created) {
    if (status == GRADSTEP_OK) handles.push_back(*created);
  }

  fuzz_input in;
  fuzz_memory memory;
  std::vector<gradstep_context*> contexts;
  std::vector<gradstep_rule*> rules;
  std::map<const gradstep_rule*, std::string> rule_names;
  std::vector<gradstep_schedule*> schedules;
  std::vector<owned_optimizer> optimizers;
  std::vector<std::string> saved;  // checkpoints
  /// The next call writes to the harness's memory even if it fails.
  bool writes_on_failure = false;

 private:
  template <class Handle>
  Handle* one_of(const std::vector<Handle*>& handles) {
    const std::uint8_t choice = in.byte();
    return choice == 255 || handles.empty() ? nullptr : handles[choice % handles.size()];
  }

  template <class Struct>
  Struct* sized_block(const Struct* value) {
    const std::size_t declared = hostile_struct_size(in, sizeof(Struct));
    const bool is_possible = declared >= sizeof declared && declared <= 4096;
    const std::size_t bytes = is_possible ? declared : sizeof declared;
    auto* const block =
        static_cast<std::uint8_t*>(memory.block(bytes, value == nullptr ? 0xaa : 0));
    if (value != nullptr) std::memcpy(block, value, std::min(bytes, sizeof(Struct)));
    if (bytes > sizeof(Struct) && in.chance(64)) block[bytes - 1] = 1;  // a field of later versions
    std::memcpy(block, &declared, sizeof declared);
    return reinterpret_cast<Struct*>(block);
  }

  std::vector<std::string> checkpoints() const;
  void check_failure(const std::string& call, gradstep_status status,
                     const std::vector<std::string>& before) const;
};

/// Makes a call fail whose sentence no other failure has; gives the sentence.
std::string set_marker();

/// A kind of call: makes one.
using call_maker = void (*)(call_world&);

std::span<const call_maker> object_calls();     // contexts, rules, schedules, plain structs
std::span<const call_maker> stateless_calls();  // arrays and steps over them
std::span<const call_maker> optimizer_calls();  // groups, tensors, steps
std::span<const call_maker> state_calls();      // what an optimizer holds; checkpoints

}  // namespace gradstep_test

// SPDX-License-Identifier: Apache-2.0
#include "dtype_cases.hpp"

#include <tuple>
#include <utility>

namespace bench {
namespace {

struct flag_name {
  std::uint64_t flag;
  const char* name;
};
constexpr flag_name flag_names[] = {
    {GRADSTEP_APPLY_GRAD_SCALE, "scale"},
    {GRADSTEP_APPLY_CHECK_FINITE, "check"},
    {GRADSTEP_APPLY_MAX_NORM, "clip-norm"},
    {GRADSTEP_APPLY_MAX_VALUE, "clip-value"},
    {GRADSTEP_APPLY_AVERAGE, "average"},
    {GRADSTEP_APPLY_ZERO_GRAD, "zero-grad"},
    {GRADSTEP_APPLY_STOCHASTIC_PARAM, "stochastic-param"},
    {GRADSTEP_APPLY_NEAREST_SLOTS, "nearest-slots"},
};

constexpr storage float32 = plain_storage(GRADSTEP_FLOAT32);
constexpr storage bfloat16_state{GRADSTEP_FLOAT32, GRADSTEP_BFLOAT16, GRADSTEP_BFLOAT16};
constexpr storage eight_bit_state{GRADSTEP_FLOAT32, GRADSTEP_BFLOAT16, GRADSTEP_S1E4M3_B256};

bench_case main_case(const machine& m, const storage& stored, std::size_t elements,
                     std::size_t threads, double seconds) {
  return {{main_rule, main_rule, {}}, stored, flat_layout(elements), threads, m.best_isa, seconds};
}

/// Each combination of dtypes: in memory with all threads, and in cache with one.
void add_storages(const machine& m, std::vector<bench_case>& cases) {
  const std::string bfloat16_name = bfloat16_case(m, 0).name();
  const std::string eight_bit_name = eight_bit_case(m, 0).name();
  for (const storage& stored : mixed_storages()) {
    cases.push_back(main_case(m, stored, medium_size, 1, 0.2));
    bench_case large = main_case(m, stored, large_size, m.thread_count, 1.5);
    if (large.name() != bfloat16_name && large.name() != eight_bit_name) {
      cases.push_back(std::move(large));
    }
  }
}

/// The cost of the way to round, in memory and in cache.
void add_roundings(const machine& m, std::vector<bench_case>& cases) {
  const storage bfloat16 = plain_storage(GRADSTEP_BFLOAT16);
  const storage float16 = plain_storage(GRADSTEP_FLOAT16);
  for (const auto& [flag, stored] : {std::pair{GRADSTEP_APPLY_STOCHASTIC_PARAM, bfloat16},
                                     std::pair{GRADSTEP_APPLY_STOCHASTIC_PARAM, float16},
                                     std::pair{GRADSTEP_APPLY_NEAREST_SLOTS, bfloat16_state},
                                     std::pair{GRADSTEP_APPLY_NEAREST_SLOTS, eight_bit_state}}) {
    for (const auto& [size, threads, seconds] : {std::tuple{medium_size, std::size_t{1}, 0.2},
                                                 std::tuple{large_size, m.thread_count, 2.5}}) {
      bench_case c = main_case(m, stored, size, threads, seconds);
      c.flags = flag;
      c.rival = {"plain", stored, 0};
      cases.push_back(std::move(c));
    }
  }
}

/// The cost of each option: the step with it, compared with the step without it.
void add_options(const machine& m, std::vector<bench_case>& cases) {
  const rival_step plain{"plain", float32, 0};
  for (const std::uint64_t flag :
       {GRADSTEP_APPLY_CHECK_FINITE, GRADSTEP_APPLY_MAX_NORM, GRADSTEP_APPLY_MAX_VALUE,
        GRADSTEP_APPLY_AVERAGE, GRADSTEP_APPLY_ZERO_GRAD}) {
    bench_case c = main_case(m, float32, large_size, m.thread_count, 2.5);
    c.flags = flag;
    c.rival = plain;
    cases.push_back(std::move(c));
  }
  // A copy of the param is a dtype, so its cases are in the list already; here they get their
  // rival.
  for (bench_case& c : cases) {
    const bool is_copy_alone = c.stored.copy != 0 && c.stored.grad == GRADSTEP_FLOAT32 &&
                               c.stored.slots == GRADSTEP_FLOAT32 && c.flags == 0;
    if (is_copy_alone && c.tensors.total() == large_size) c.rival = plain;
  }
  add_roundings(m, cases);
}

}  // namespace

std::string flags_name(std::uint64_t flags) {
  if (flags == complete_flags) return "+complete";
  std::string name;
  for (const flag_name& f : flag_names) {
    if ((flags & f.flag) != 0) name.append("+").append(f.name);
  }
  return name;
}

bench_case complete_case(const machine& m, std::size_t elements, double seconds) {
  bench_case c = main_case(m, complete_storage, elements, m.thread_count, seconds);
  c.flags = complete_flags;
  return c;
}

bench_case bfloat16_case(const machine& m, double seconds) {
  bench_case c = main_case(m, bfloat16_state, large_size, m.thread_count, seconds);
  c.rival = {"float32", float32, 0};
  return c;
}

bench_case eight_bit_case(const machine& m, double seconds) {
  bench_case c = main_case(m, eight_bit_state, large_size, m.thread_count, seconds);
  c.rival = {"bf16slots", bfloat16_state, 0};
  return c;
}

void add_dtype_cases(const machine& m, std::vector<bench_case>& cases) {
  add_storages(m, cases);
  add_options(m, cases);
  cases.push_back(bfloat16_case(m, 4));
  cases.push_back(eight_bit_case(m, 4));
  cases.push_back(complete_case(m, cache_size, 2));
  cases.push_back(complete_case(m, large_size, 8));
}

void add_quick_dtype_cases(const machine& m, std::vector<bench_case>& cases) {
  cases.push_back(bfloat16_case(m, 2));
  cases.push_back(eight_bit_case(m, 2));
  cases.push_back(complete_case(m, cache_size, 1));
  cases.push_back(complete_case(m, large_size, 5));
}

}  // namespace bench

// SPDX-License-Identifier: Apache-2.0
#include "dtype_cases.hpp"

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
                     std::size_t threads) {
  bench_case c = float32_case(m, main_rule, flat_layout(elements), threads);
  c.stored = stored;
  return c;
}

/// Each combination of dtypes: in memory with all threads, and in cache with one.
void add_storages(const machine& m, std::vector<bench_case>& cases) {
  for (const storage& stored : mixed_storages()) {
    cases.push_back(main_case(m, stored, medium_size, 1));
    cases.push_back(main_case(m, stored, table_size, m.thread_count));
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
    for (const auto& [size, threads] :
         {std::pair{medium_size, std::size_t{1}}, std::pair{table_size, m.thread_count}}) {
      bench_case c = main_case(m, stored, size, threads);
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
    bench_case c = main_case(m, float32, table_size, m.thread_count);
    c.flags = flag;
    c.rival = plain;
    cases.push_back(std::move(c));
  }
  // A copy of the param is a dtype, so its cases are in the list already; here they get their
  // rival.
  for (bench_case& c : cases) {
    const bool is_copy_alone = c.stored.copy != 0 && c.stored.grad == GRADSTEP_FLOAT32 &&
                               c.stored.slots == GRADSTEP_FLOAT32 && c.flags == 0;
    if (is_copy_alone && c.tensors.total() == table_size) c.rival = plain;
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

bench_case complete_case(const machine& m, std::size_t elements) {
  bench_case c = main_case(m, complete_storage, elements, m.thread_count);
  c.flags = complete_flags;
  return c;
}

bench_case bfloat16_case(const machine& m) {
  bench_case c = main_case(m, bfloat16_state, large_size, m.thread_count);
  c.rival = {"float32", float32, 0};
  return c;
}

bench_case eight_bit_case(const machine& m) {
  bench_case c = main_case(m, eight_bit_state, large_size, m.thread_count);
  c.rival = {"bf16slots", bfloat16_state, 0};
  return c;
}

std::vector<storage> table_storages() {
  std::vector<storage> storages;
  for (const element_type& type : element_types) {
    if (type.is_for_param) storages.push_back(plain_storage(type.code));
  }
  storages.insert(storages.end(), {bfloat16_state, eight_bit_state});
  return storages;
}

void add_claimed_dtype_cases(const machine& m, std::vector<bench_case>& cases) {
  for (const storage& stored : {bfloat16_state, eight_bit_state, plain_storage(GRADSTEP_FLOAT64)}) {
    cases.push_back(main_case(m, stored, medium_size, 1));
  }
  cases.push_back(bfloat16_case(m));
  cases.push_back(eight_bit_case(m));
  cases.push_back(complete_case(m, cache_size));
  cases.push_back(complete_case(m, large_size));
}

void add_dtype_cases(const machine& m, std::vector<bench_case>& cases) {
  add_storages(m, cases);
  add_options(m, cases);
}

}  // namespace bench

// SPDX-License-Identifier: Apache-2.0
//
// Every rule with every option and every way to store params, slots and gradients has the bits that
// avx2 had when golden/step_bits.txt was recorded (./dev record), on any machine.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iterator>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/number_array.hpp"
#include "support/rule_setup.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"
#include "support/test_paths.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

// ---- One run ----------------------------------------------------------------------------------

/// Three blocks of gradients. The first has ordinary ones. In the second, squares, products and
/// quotients overflow, underflow and vanish. The third has infinities and NaN, except in the last
/// step, which clips by the norm.
void set_gradients(stored_parameter& target, std::uint64_t step, bool is_last) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr double extreme[] = {0.0,  -0.0,  1e-45, 1.2e-38, 1e-30,  1e-20, 1e-8,
                                1e-4, 1e8,   1e15,  2e19,    1.7e19, 1e30,  3e38,
                                1e39, 1e-46, 2.5,   -2e19,   -1e30,  -3e38};
  constexpr double special[] = {infinity, -infinity, std::numeric_limits<double>::quiet_NaN()};
  std::vector<double> grad(target.size());
  for (std::size_t i = 0; i < grad.size(); ++i) {
    const std::size_t block = i / block_size;
    grad[i] = varied_value(1 + step, i);
    if (block == 1 && i % 3 != 0) grad[i] = extreme[(i + 7 * step) % std::size(extreme)];
    if (block == 2 && !is_last && i % 8 == 0) grad[i] = special[i / 8 % std::size(special)];
  }
  target.grad.narrow(grad);
}

/// `so_far` combined with all bits that the step wrote; all NaNs count as one number.
std::uint64_t digest(stored_parameter& target, std::uint64_t so_far) {
  for (const std::uint64_t bits : target.snapshot()) so_far = splitmix(so_far, bits);
  return so_far;
}

/// A plain step if the dtypes allow it, a step with all options, and such a step that also clips by
/// norm.
std::uint64_t digest_of_run(const gradstep_context* context, const std::string& rule_name,
                            const gradstep_rule* rule, const storage& how) {
  constexpr std::uint64_t step_count = 3, clipped = GRADSTEP_APPLY_MAX_NORM;
  constexpr std::uint64_t count = 2 * block_size + 77;
  stored_parameter target(rule, rule_name, how, count);
  std::uint64_t result = 0;
  for (std::uint64_t step = 1; step <= step_count; ++step) {
    set_gradients(target, step, step == step_count);
    std::vector<stored_view> views;
    views.push_back(target.view());
    std::uint64_t flags = how.flags;
    if (step == 1) {
      views[0].tensor.copy.data = views[0].tensor.average.data = nullptr;
    } else {
      flags |= GRADSTEP_APPLY_GRAD_SCALE | GRADSTEP_APPLY_AVERAGE | GRADSTEP_APPLY_ZERO_GRAD;
      flags |= step == step_count ? clipped : GRADSTEP_APPLY_MAX_VALUE;
    }
    auto options = apply_options(flags, step);
    options.max_value = 1e25;
    apply_views(context, rule, views, with_scalars_of(target, options));
    result = digest(target, result);
  }
  return result;
}

// ---- The table --------------------------------------------------------------------------------

/// The digests of one rule's options. For each storage of param and slots: 16 bits per dtype of
/// gradients.
using digests = std::vector<std::array<std::uint16_t, std::size(float_dtypes)>>;

digests digests_of(const gradstep_context* context, const std::string& rule_name,
                   const option_values& values) {
  const auto rule = make_rule(rule_name, values);
  digests all;
  for (storage how : full_storages()) {
    all.emplace_back();
    for (std::size_t g = 0; g < std::size(float_dtypes); ++g) {
      how.grad = float_dtypes[g];
      all.back()[g] =
          static_cast<std::uint16_t>(digest_of_run(context, rule_name, rule.get(), how));
    }
  }
  return all;
}

constexpr std::string_view l1_penalty = "l1_penalty";

/// Gives each number that is 0 by default (lr_decay, dampening) another value, if the rule allows
/// it. The L1 penalty has lines of its own, so that those of other options are the same with it and
/// without it.
option_values with_other_numbers(const std::string& rule_name, option_values values) {
  for (const auto& info : hyperparameters_of(rule_name)) {
    if (info.kind == GRADSTEP_FLAG || info.default_value != 0 || info.name == l1_penalty) continue;
    if (!values_to_try(info).empty()) continue;
    values.emplace_back(info.name, info.kind == GRADSTEP_INTEGER ? 2 : 0.25);
    if (gradstep_rule_check(make_rule(rule_name, values).get()) != GRADSTEP_OK) values.pop_back();
  }
  return values;
}

/// The options of all lines of a rule: each combination, and the first and the last one with an L1
/// penalty.
std::vector<option_values> recorded_options(const std::string& rule_name) {
  std::vector<option_values> all;
  for (const auto& options : option_combinations(rule_name)) {
    all.push_back(with_other_numbers(rule_name, options));
  }
  if (!has_hyperparameter(rule_name, l1_penalty)) return all;
  for (auto values : {all.front(), all.back()}) {
    values.emplace_back(l1_penalty, 0.25);
    all.push_back(values);
  }
  return all;
}

/// The rule and its values that are not 0: "adam amsgrad=1 weight_decay=0.1".
std::string key_of(const std::string& rule_name, const option_values& values) {
  std::ostringstream key;
  key << rule_name;
  for (const auto& [name, value] : values) {
    if (value != 0) key << ' ' << name << '=' << value;
  }
  return key.str();
}

std::string storage_text(const storage& how) {
  std::string text = dtype_text(how.param);
  if (how.is_split) text += "+low";
  if ((how.flags & GRADSTEP_APPLY_STOCHASTIC_PARAM) != 0) text += "(at random)";
  text.append("/").append(dtype_text(how.slot));
  if ((how.flags & GRADSTEP_APPLY_NEAREST_SLOTS) != 0) text += "(to nearest)";
  return text;
}

/// The columns: " float32/float32, float32/bfloat16, ...".
std::string storages_text() {
  std::string text;
  for (const auto& how : full_storages()) {
    text.append(text.empty() ? " " : ", ").append(storage_text(how));
  }
  return text;
}

std::string to_text(const digests& all) {
  std::ostringstream text;
  text << std::hex << std::setfill('0');
  for (const auto& each : all) {
    text << ' ';
    for (const std::uint16_t bits : each) text << std::setw(4) << bits;
  }
  return text.str();
}

const std::string table_path = golden_file("step_bits.txt");

constexpr const char* heading =
    "# Digests of steps' bits on avx2, made by ./dev record and read by step_bits_test.cpp. A "
    "line\n"
    "# for each rule with its options, a column for each storage of params/slots: 16 bits for "
    "each\n"
    "# of float32, float64, bfloat16 and float16 gradients.\n";

/// The lines of the table: digests by key, and the columns under "storages".
std::map<std::string, std::string> read_table() {
  std::ifstream file(table_path);
  std::map<std::string, std::string> table;
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t colon = line.find(':');
    if (line[0] != '#' && colon != line.npos) table[line.substr(0, colon)] = line.substr(colon + 1);
  }
  return table;
}

/// A new rule has no lines, and is not tested, until its bits are recorded.
bool has_lines_of(const std::map<std::string, std::string>& table, const std::string& rule_name) {
  return std::any_of(table.begin(), table.end(), [&](const auto& line) {
    return line.first == rule_name || line.first.starts_with(rule_name + ' ');
  });
}

const char* const how_to_record = "; if that is meant to be: ./dev record";

/// Names the storages and gradients whose digests differ.
void expect_digests(const std::string& key, const std::string& got, const std::string& wanted) {
  if (got == wanted) return;
  std::istringstream got_columns(got), wanted_columns(wanted);
  for (const storage& how : full_storages()) {
    std::string a, b;
    got_columns >> a;
    wanted_columns >> b;
    ASSERT_EQ(a.size(), b.size()) << key << how_to_record;
    for (std::size_t g = 0; g < std::size(float_dtypes); ++g) {
      EXPECT_EQ(a.substr(4 * g, 4), b.substr(4 * g, 4))
          << key << ", param/slots " << storage_text(how) << ", gradients "
          << dtype_text(float_dtypes[g]) << how_to_record;
    }
  }
}

// ---- Tests ------------------------------------------------------------------------------------

class step_bits : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, step_bits, testing::ValuesIn(rule_names()), rule_as_test_name);

TEST_P(step_bits, are_those_recorded_on_avx2) {
  const auto table = read_table();
  ASSERT_TRUE(table.contains("storages")) << "no " << table_path;
  ASSERT_EQ(table.at("storages"), storages_text()) << how_to_record;
  if (!has_lines_of(table, GetParam())) GTEST_SKIP() << "not recorded yet: ./dev record";
  for (const auto& isa : fused_isas()) {
    SCOPED_TRACE(isa);
    const auto context = make_serial_context(isa.c_str());
    for (const auto& values : recorded_options(GetParam())) {
      const std::string key = key_of(GetParam(), values);
      ASSERT_TRUE(table.contains(key)) << key << " is not recorded" << how_to_record;
      expect_digests(key, to_text(digests_of(context.get(), GetParam(), values)), table.at(key));
      if (HasFailure()) return;
    }
  }
}

/// A digest changes with a single bit of any array, but not with the payload of a NaN.
TEST(step_bits_table, digests_notice_a_bit) {
  const auto rule = make_rule("adam", {{"amsgrad", 1}});
  storage how = full_storages()[0];
  stored_parameter target(rule.get(), "adam", how, 100);
  const std::uint64_t before = digest(target, 0);
  const auto change = [&](number_array& numbers, std::uint32_t bits) {
    const auto old = numbers.read<std::uint32_t>(70);
    numbers.write(70, bits);
    const std::uint64_t after = digest(target, 0);
    numbers.write(70, old);
    return after;
  };
  number_array& param = target.param.data;
  EXPECT_NE(change(param, param.read<std::uint32_t>(70) ^ 1), before);
  for (auto& slot : target.slots) EXPECT_NE(change(slot->data, 1), before);
  EXPECT_EQ(change(param, 0x7fc00000), change(param, 0xffffffff));
}

/// Writes the table anew.
void record(const std::string& path) {
  const auto context = make_serial_context("avx2");
  ASSERT_EQ(isa_in_use(context.get()), "avx2");
  std::ofstream file(path);
  file << heading << "storages:" << storages_text() << '\n';
  for (const auto& rule_name : rule_names()) {
    for (const auto& values : recorded_options(rule_name)) {
      file << key_of(rule_name, values) << ':'
           << to_text(digests_of(context.get(), rule_name, values)) << '\n';
    }
  }
  file.close();
  ASSERT_TRUE(file) << path;
}

/// Writes the table first if GRADSTEP_RECORD_BITS is set, as ./dev record does.
TEST(step_bits_table, has_a_line_for_all_options_of_a_rule) {
  if (std::getenv("GRADSTEP_RECORD_BITS") != nullptr) record(table_path);
  auto table = read_table();
  EXPECT_EQ(table.erase("storages"), 1U);
  for (const auto& rule_name : rule_names()) {
    if (!has_lines_of(table, rule_name)) continue;
    for (const auto& values : recorded_options(rule_name)) {
      const auto key = key_of(rule_name, values);
      EXPECT_EQ(table.erase(key), 1U) << key << " is not recorded" << how_to_record;
    }
  }
  for (const auto& [key, value] : table) ADD_FAILURE() << key << " is no more" << how_to_record;
}

}  // namespace
}  // namespace gradstep_test

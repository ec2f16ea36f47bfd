// SPDX-License-Identifier: Apache-2.0
//
// One step, made in every way that docs/numerics.md promises the same bits for; and on every
// instruction set, against plain scalar code in the same arithmetic.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "fuzz/finding.hpp"
#include "fuzz/fuzz_input.hpp"
#include "fuzz/step_case.hpp"
#include "fuzz/step_oracle.hpp"
#include "step/parted_steps.hpp"
#include "support/context_setup.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

using parameters = std::vector<stored_parameter>;

/// A serial context of each instruction set, and one that splits every step among two threads.
struct isa_contexts {
  std::string isa;
  context_handle serial, split;
};

const std::vector<isa_contexts>& all_contexts() {
  static const auto all = [] {
    std::vector<isa_contexts> list;
    for (const auto& isa : available_isas()) {
      list.push_back(
          {isa, make_serial_context(isa.c_str()), make_context(split_options(2, isa.c_str()))});
    }
    return list;
  }();
  return all;
}

std::vector<std::uint64_t> bits_of_all(parameters& list) {
  std::vector<std::uint64_t> all;
  for (auto& each : list) {
    const auto bits = each.snapshot();
    all.insert(all.end(), bits.begin(), bits.end());
  }
  return all;
}

/// The step, and ways to make it.
class step_ways {
 public:
  step_ways(const step_case& of, const parameters& before, const gradstep_apply_options& options,
            fuzz_input& in)
      : of_(of), before_(before), options_(options), in_(in) {}

  /// Makes the step on the instruction set in every way; gives the tensors after it.
  parameters check(const isa_contexts& contexts) {
    where_ = of_.rule_name() + " on " + contexts.isa + ", " + to_text(of_.how);
    auto wanted = before_;
    result_ = apply_stored(contexts.serial.get(), of_.rule.get(), wanted, options_);
    bits_ = bits_of_all(wanted);
    check_oracle(contexts.serial.get());
    check_threads(contexts.split.get());
    check_addresses(contexts.serial.get());
    check_parts(contexts.serial.get());
    check_pieces(contexts.split.get());
    check_one_by_one(contexts.serial.get());
    return wanted;
  }
  const std::vector<std::uint64_t>& bits() const { return bits_; }
  const gradstep_apply_result& result() const { return result_; }

 private:
  static std::string hex(std::uint64_t bits) {
    char text[24];
    std::snprintf(text, sizeof text, "%#llx", static_cast<unsigned long long>(bits));
    return text;
  }

  /// The place of the index-th number of bits_of_all.
  static std::string place_of(parameters& list, std::size_t index) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string tensor =
          " of tensor " + std::to_string(i) + " of " + std::to_string(list[i].size()) + " elements";
      std::string place;
      list[i].for_each_array([&](const std::string& name, const stored_array& array) {
        if (place.empty() && index < array.size()) place = name + "[" + std::to_string(index) + "]";
        if (place.empty()) index -= array.size();
      });
      if (!place.empty()) return place + tensor;
      const std::size_t scalars = list[i].scalars.size() + list[i].shared_scalars.size();
      if (index < scalars) return "scalar " + std::to_string(index) + tensor;
      index -= scalars;
    }
    return "nowhere";
  }

  void expect(parameters& got, const char* way) const {
    const auto bits = bits_of_all(got);
    if (bits == bits_) return;
    const auto at = std::mismatch(bits.begin(), bits.end(), bits_.begin()).first - bits.begin();
    report_finding(where_ + ", flags " + std::to_string(options_.flags) + ", step " +
                   std::to_string(options_.step) + ": " + place_of(got, at) + " is " +
                   hex(bits[at]) + " " + way + " instead of " + hex(bits_[at]));
  }

  /// Options of a step over a part of the list: the norm of the whole is given.
  gradstep_apply_options of_a_part() const {
    auto options = options_;
    if ((options.flags & (GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_CHECK_FINITE)) == 0) {
      return options;
    }
    options.flags |= GRADSTEP_APPLY_GRAD_NORM;
    options.grad_norm = result_.grad_norm;
    options.non_finite_count = result_.non_finite_count;
    return options;
  }

  void check_oracle(const gradstep_context* context) const {
    if (!has_oracle(before_, options_, result_)) return;
    auto got = before_;
    step_by_oracle(context, of_.rule.get(), of_.rule_name(), got, options_, result_);
    expect(got, "in plain scalar code");
  }

  void check_threads(const gradstep_context* context) const {
    auto got = before_;
    const auto result = apply_stored(context, of_.rule.get(), got, options_);
    expect(got, "on two threads");
    check_that(bits_of(result.grad_norm) == bits_of(result_.grad_norm) &&
                   result.non_finite_count == result_.non_finite_count &&
                   bits_of(result.clip_factor) == bits_of(result_.clip_factor) &&
                   result.is_skipped == result_.is_skipped &&
                   result.is_stopped == result_.is_stopped,
               where_ + ": the result differs on two threads");
  }

  /// Each array at another address.
  void check_addresses(const gradstep_context* context) const {
    auto got = before_;
    for (auto& each : got) {
      each.for_each_array([&](const std::string&, stored_array& array) { move(array); });
    }
    apply_stored(context, of_.rule.get(), got, options_);
    expect(got, "at other addresses");
  }
  void move(stored_array& array) const {
    const std::size_t offset = in_.byte() * element_size(array.dtype()) % 64;
    stored_array other(array.dtype(), array.size(), offset, array.is_split());
    std::memcpy(other.data.data(), array.data.data(), array.data.bytes());
    if (array.extra) std::memcpy(other.extra->data(), array.extra->data(), array.extra->bytes());
    array = other;
  }

  void check_parts(const gradstep_context* context) const {
    if (!has_parts(of_.rule_name(), of_.rule.get())) return;
    auto got = before_;
    apply_in_parts(context, of_.rule.get(), got, of_a_part(), 1 + in_.below(5));
    expect(got, "in parts");
  }

  /// Each tensor in two pieces, all in one call.
  void check_pieces(const gradstep_context* context) const {
    if (sums_before_it_updates(of_.rule.get())) return;
    auto got = before_;
    std::vector<stored_view> views;
    std::vector<std::vector<double>> scalars;
    for (auto& each : got) scalars.insert(scalars.end(), 2, each.scalars);
    for (std::size_t i = 0; i < got.size(); ++i) {
      const std::size_t unit = is_blocked(of_.how.slot) ? 256 : 1;
      const std::size_t count = std::max<std::size_t>(got[i].size(), 1);
      const std::size_t cut = in_.number<std::uint16_t>() % count / unit * unit;
      for (const std::size_t first : {std::size_t{0}, cut}) {
        views.push_back(got[i].view(first, first == 0 ? cut : got[i].size() - cut));
        if (cut == 0 && views.size() % 2 == 0) views.back() = got[i].view();
        auto& t = views.back().tensor;
        t.rows = t.columns = 0;
        t.first_index = views.size() % 2 == 0 ? cut : 0;
        t.whole_count = got[i].size();
        t.key = i + 1;
        auto& own = scalars[views.size() - 1];
        if (!own.empty()) t.scalars = own.data();
      }
    }
    apply_views(context, of_.rule.get(), views, of_a_part());
    for (std::size_t i = 0; i < got.size(); ++i) got[i].scalars = scalars[2 * i + 1];
    expect(got, "in pieces");
  }

  void check_one_by_one(const gradstep_context* context) const {
    if (has_shared_scalars(of_.rule_name())) return;
    auto got = before_;
    for (std::size_t i = got.size(); i-- > 0;) {
      const auto view = got[i].view();
      auto tensor = view.tensor;
      tensor.key = i + 1;
      apply_list(context, of_.rule.get(), {tensor}, of_a_part());
    }
    expect(got, "tensor by tensor");
  }

  const step_case& of_;
  const parameters& before_;
  const gradstep_apply_options& options_;
  fuzz_input& in_;
  std::string where_;
  std::vector<std::uint64_t> bits_;
  gradstep_apply_result result_ = sized<gradstep_apply_result>();
};

void check_input(fuzz_input in) {
  const step_case of(in);
  auto list = of.tensors();
  for (int i = 0; i < of.step_count; ++i) {
    auto options = of.options;
    options.step = std::min<std::uint64_t>(options.step + i, std::uint64_t{1} << 53);
    of.set_gradients(list, options.step);
    parameters after;
    std::vector<std::uint64_t> fused_bits;
    for (const auto& contexts : all_contexts()) {
      step_ways ways(of, list, options, in);
      after = ways.check(contexts);
      if (!fuses(contexts.isa)) continue;
      check_that(fused_bits.empty() || fused_bits == ways.bits(),
                 of.rule_name() + ": the bits of " + contexts.isa + " differ, " + to_text(of.how));
      fused_bits = ways.bits();
    }
    list = after;
  }
}

/// A failed expectation of the tests' support ends the program.
bool set_up() {
  testing::InitGoogleTest();
  testing::FLAGS_gtest_break_on_failure = true;
  return true;
}

}  // namespace
}  // namespace gradstep_test

// The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  [[maybe_unused]] static const bool is_set_up = gradstep_test::set_up();
  gradstep_test::check_input(gradstep_test::fuzz_input({data, size}));
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include <algorithm>
#include <utility>

#include "baselines.hpp"
#include "chain.hpp"
#include "dtype_cases.hpp"
#include "loops/level_loops.hpp"
#include "optimizer_contenders.hpp"
#include "separate_step.hpp"
#include "stepper.hpp"

namespace bench {
namespace {

using baseline = decltype(&scalar_adamw);

/// The bare loop at a constant step count, so that it does not even pay for beta^t.
contender baseline_contender(const char* name, baseline loop, const workload& w, team& threads) {
  const adamw_constants constants = adamw_constants_at(1000);
  auto* const p = static_cast<float*>(w.param());
  const auto* const g = static_cast<const float*>(w.grad());
  auto* const m = static_cast<float*>(w.slot(0));
  auto* const v = static_cast<float*>(w.slot(1));
  const team::range_work range = [=](std::size_t begin, std::size_t end) {
    loop(constants, p + begin, g + begin, m + begin, v + begin, end - begin);
  };
  const std::size_t count = w.count();
  return {name, [range, count, &threads] { threads.run_parts(count, 1024, range); }};
}

/// The variant with a low rate. Gradients never change, so params would otherwise grow without
/// limit if a rule's steps grow with them.
gradstep::rule rule_of(const rule_variant& variant) {
  gradstep::rule rule(variant.rule, variant.settings);
  gradstep_rule_set(rule.get(), "lr", 1e-6);  // a rule without lr stays as it is
  return rule;
}

bool has_baselines(const bench_case& c) {
  return c.variant.name == main_rule && c.flags == 0 && c.tensors.counts.size() == 1 &&
         c.group_count == 0 && c.stored.name() == plain_storage(GRADSTEP_FLOAT32).name();
}

/// Long enough for the clock's resolution. With several threads also long enough for the workers to
/// come over from the last contender.
double turn_seconds(const team& threads) { return threads.thread_count() == 1 ? 2e-4 : 2e-3; }

/// Cases with equal keys share a ranking of the roofs.
std::string roof_key(const traffic& t, const team& threads) {
  std::string key = std::to_string(t.count) + "x" + std::to_string(threads.thread_count());
  for (const pass& p : t.passes) {
    key += ";";
    for (const stream& s : p) {
      key.append(" ").append(std::to_string(s.block_bytes));
      key.append("m").append(std::to_string(static_cast<int>(s.mode)));
    }
  }
  return key;
}

/// The places of the contenders. The step runs between the two fastest roofs, so it is next to both
/// in every round; rivals come after it, since nothing may run between steps that are compared on
/// the same arrays.
struct turn_order {
  std::size_t step = 1, first_rival = 2, rival_count;
  std::size_t first_roof = 0;
  std::size_t second_roof() const { return first_rival + rival_count; }
  std::size_t arithmetic() const { return second_roof() + 1; }
  std::size_t chain() const { return second_roof() + 2; }
};

/// Round by round, in ns an element.
std::vector<double> per_element(const turns& times, std::size_t contender, std::size_t elements) {
  std::vector<double> result = times.seconds(contender);
  for (double& value : result) value *= 1e9 / static_cast<double>(elements);
  return result;
}

visit visit_of(const std::vector<contender>& contenders, const turns& times,
               const turn_order& order, std::size_t elements, std::size_t cached_elements) {
  visit v;
  v.step = per_element(times, order.step, elements);
  const bool first_is_fastest = times.ratio(order.first_roof, order.second_roof()).median <= 1;
  const std::size_t roof = first_is_fastest ? order.first_roof : order.second_roof();
  v.bytes = per_element(times, roof, elements);
  v.arithmetic = per_element(times, order.arithmetic(), cached_elements);
  v.chain = per_element(times, order.chain(), 1);
  for (std::size_t i = 0; i < order.rival_count; ++i) {
    const std::size_t rival = order.first_rival + i;
    std::vector<double> ratios = v.step;
    const std::vector<double> others = per_element(times, rival, elements);
    for (std::size_t k = 0; k < ratios.size(); ++k) ratios[k] /= others[k];
    v.ratios[contenders[rival].name] = std::move(ratios);
  }
  return v;
}

}  // namespace

team& session::threads_of(std::size_t thread_count, placement placed) {
  const bool is_pinned = placed != placement::free;
  auto& threads = teams_[{thread_count, is_pinned}];
  if (threads == nullptr) threads = std::make_unique<team>(thread_count, is_pinned);
  return *threads;
}

const gradstep::context& session::context_of(const std::string& isa, std::size_t thread_count,
                                             placement placed) {
  const auto key = std::make_tuple(isa, thread_count, placed != placement::free);
  const auto found = contexts_.find(key);
  if (found != contexts_.end()) return found->second;
  auto options = gradstep::sized<gradstep_context_options>();
  options.isa = isa.c_str();
  options.thread_count = thread_count;
  if (placed != placement::free) options.flags = GRADSTEP_CONTEXT_PIN_THREADS;
  return contexts_.emplace(key, gradstep::context(options)).first->second;
}

std::vector<roof> session::best_roofs(const workload& w, team& threads, placement placed) {
  const traffic bytes = w.bytes();
  const std::vector<roof> variants = roof_variants(bytes, threads);
  // What is the fastest in a part of large arrays is it in all of them.
  traffic part = bytes;
  part.count = std::min(bytes.count, table_size);
  const auto [found, is_new] =
      ranked_roofs_.try_emplace(roof_key(bytes, threads) + name_of(placed));
  if (is_new) {
    const std::size_t rounds = part.count <= shared_size ? 3 : 1;
    found->second = rank_roofs(roof_variants(part, threads), {0.05, turn_seconds(threads), rounds});
  }
  return {variants[found->second[0]], variants[found->second[1]]};
}

contender session::rival_step(const bench_case& c, const gradstep::rule& rule, team& threads) {
  // The tensors point into the rival's workload, so the function keeps it.
  const auto rival = std::make_shared<workload>(rule, c.rival.stored, c.rival.flags, c.tensors,
                                                rivals_memory_, threads);
  stepper step(context_of(c.isa, c.threads, c.placed), rule, rival->tensors(),
               apply_options(c.rival.flags));
  return {c.rival.name, [rival, step]() mutable { step(); }};
}

contender session::rival_rule(const bench_case& c, team& threads) {
  const auto other_rule =
      std::make_shared<gradstep::rule>(rule_of({c.rival_rule, c.rival_rule, {}}));
  // The memory gives out the same arrays again, in the same order.
  const auto other =
      std::make_shared<workload>(*other_rule, c.stored, c.flags, c.tensors, memory_, threads);
  stepper step(context_of(c.isa, c.threads, c.placed), *other_rule, other->tensors(),
               apply_options(c.flags));
  return {c.rival_rule, [other_rule, other, step]() mutable { step(); }};
}

std::vector<contender> session::rivals_of(const bench_case& c, const gradstep::rule& rule,
                                          const workload& w, team& threads) {
  std::vector<contender> rivals;
  if (c.tensors.counts.size() > 1 && c.group_count == 0 && c.rival_rule.empty()) {
    rivals.push_back({"flat", stepper(context_of(c.isa, c.threads, c.placed), rule, {w.flat()},
                                      apply_options(c.flags))});
  }
  if (has_baselines(c)) {
    rivals.push_back(baseline_contender("careful", best_loops().careful.adamw, w, threads));
    if (w.count() <= medium_size) {
      rivals.push_back(baseline_contender("scalar", scalar_adamw, w, threads));
    }
  }
  if (is_complete(c)) rivals.push_back({"separate", separate_step(w, threads)});
  if (!c.rival.name.empty()) rivals.push_back(rival_step(c, rule, threads));
  if (!c.rival_rule.empty()) rivals.push_back(rival_rule(c, threads));
  return rivals;
}

visit session::measure(const bench_case& c) {
  const gradstep::rule rule = rule_of(c.variant);
  const gradstep::context& context = context_of(c.isa, c.threads, c.placed);
  team& threads = threads_of(c.threads, c.placed);
  team alone(1);
  const workload w(rule, c.stored, c.flags, c.tensors, memory_,
                   c.placed == placement::one_touch ? alone : threads);
  std::vector<contender> contenders;
  if (c.group_count != 0) {
    contenders = optimizer_contenders(context, c.variant, w.tensors(), c.group_count);
  } else {
    contenders = rivals_of(c, rule, w, threads);
    contenders.insert(contenders.begin(),
                      {"step", stepper(context, rule, w.tensors(), apply_options(c.flags))});
  }
  const turn_order order{.rival_count = contenders.size() - 1};
  std::vector<roof> roofs = best_roofs(w, threads, c.placed);
  contenders.insert(contenders.begin(), std::move(roofs.front()));
  contenders.push_back(std::move(roofs.back()));
  in_cache_steps cached(c, rule, context_of(c.isa, 1), cached_memory_,
                        threads_of(c.threads, placement::free));
  contenders.push_back({"arithmetic", [&cached] { cached(); }});
  contenders.push_back({"chain", run_chain});
  const turns times = take_turns(contenders, {c.seconds, turn_seconds(threads), 3}, [&] {
    // With gradients of 0, slots would become denormal after some hundred steps.
    if ((c.flags & GRADSTEP_APPLY_ZERO_GRAD) == 0) return;
    w.refill_grad(threads);
    cached.refill_grad();
  });
  return visit_of(contenders, times, order, w.count(), cached.element_count());
}

case_bytes bytes_of(const bench_case& c) {
  const gradstep::rule rule = rule_of(c.variant);
  // A part of the arrays that has the dtypes of the whole: few elements have no 8-bit slots.
  const layout tensor = c.tensors.columns == 0
                            ? flat_layout(std::min<std::size_t>(c.tensors.total(), 4096))
                            : matrix_layout(64, 64);
  arrays memory;
  team alone(1);
  const workload w(rule, c.stored, c.flags, tensor, memory, alone);
  const traffic moved = w.bytes();
  std::map<std::byte*, std::size_t> blocks;  // of each array
  for (const pass& p : moved.passes) {
    for (const stream& s : p) blocks[s.data] = s.block_bytes;
  }
  std::size_t bytes = 0;
  for (const auto& [array, block] : blocks) bytes += c.tensors.total() * block / block_elements;
  return {moved.bytes_per_element(), bytes};
}

}  // namespace bench

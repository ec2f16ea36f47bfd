// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include <utility>

#include "baselines.hpp"
#include "dtype_cases.hpp"
#include "optimizer_contenders.hpp"
#include "separate_step.hpp"
#include "stepper.hpp"

namespace bench {
namespace {

using baseline = decltype(&careful_adamw);

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
  return c.variant.name == main_rule && c.flags == 0 &&
         c.stored.name() == plain_storage(GRADSTEP_FLOAT32).name();
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

void set_ratio(benchmark::UserCounters& counters, const std::string& name, const estimate& e,
               double unit) {
  counters[name] = e.median * unit;
  counters[name + "_low"] = e.low * unit;
  counters[name + "_high"] = e.high * unit;
}

/// The places of the contenders that are not roofs.
struct turn_order {
  std::size_t step, first_rival;
};
// The step runs between the two fastest roofs, so it is next to both in every round.
constexpr std::size_t first_roof = 0, second_roof = 2;
constexpr turn_order between_roofs{1, 3};
constexpr turn_order without_roofs{0, 1};

void set_roof_counters(benchmark::State& state, const std::vector<contender>& contenders,
                       const turns& times, const workload& w) {
  const std::size_t roof =
      times.ratio(first_roof, second_roof).median <= 1 ? first_roof : second_roof;
  state.counters["roof_ns_per_element"] =
      times.median_seconds(roof) * 1e9 / static_cast<double>(w.count());
  set_ratio(state.counters, "percent_of_roof", times.ratio(roof, between_roofs.step), 100);
  state.SetLabel("roof: " + contenders[roof].name);
}

void set_counters(benchmark::UserCounters& counters, const std::vector<contender>& contenders,
                  const turns& times, const workload& w, const turn_order& order) {
  const auto count = static_cast<double>(w.count());
  const double bytes = w.bytes().bytes_per_element();
  counters["elements"] = count;
  counters["bytes_per_element"] = bytes;
  counters["ns_per_element"] = times.median_seconds(order.step) * 1e9 / count;
  counters["gb_per_second"] = bytes * count / times.median_seconds(order.step) / 1e9;
  counters["rounds"] = static_cast<double>(times.round_count());
  for (std::size_t i = order.first_rival; i < contenders.size(); ++i) {
    set_ratio(counters, "over_" + contenders[i].name, times.ratio(order.step, i), 1);
    counters[contenders[i].name + "_ns_per_element"] = times.median_seconds(i) * 1e9 / count;
  }
}

}  // namespace

team& session::threads_of(std::size_t thread_count) {
  auto& threads = teams_[thread_count];
  if (threads == nullptr) threads = std::make_unique<team>(thread_count);
  return *threads;
}

const gradstep::context& session::context_of(const std::string& isa, std::size_t thread_count) {
  const auto key = std::make_tuple(isa, thread_count);
  const auto found = contexts_.find(key);
  if (found != contexts_.end()) return found->second;
  auto options = gradstep::sized<gradstep_context_options>();
  options.isa = isa.c_str();
  options.thread_count = thread_count;
  return contexts_.emplace(key, gradstep::context(options)).first->second;
}

std::vector<roof> session::best_roofs(const workload& w, team& threads) {
  const traffic bytes = w.bytes();
  const std::vector<roof> variants = roof_variants(bytes, threads);
  const auto [found, is_new] = ranked_roofs_.try_emplace(roof_key(bytes, threads));
  if (is_new) {
    constexpr double large = 1 << 26;  // bytes of an array; memory's speed is unsteady
    const double seconds = 4 * static_cast<double>(bytes.count) < large ? 0.1 : 1;
    found->second = rank_roofs(variants, {seconds, turn_seconds(threads), 3});
  }
  return {variants[found->second[0]], variants[found->second[1]]};
}

void session::add_rivals(const bench_case& c, const gradstep::rule& rule, const workload& w,
                         team& threads, std::vector<contender>& contenders) {
  const gradstep::context& context = context_of(c.isa, c.threads);
  if (c.tensors.counts.size() > 1) {
    contenders.push_back({"flat", stepper(context, rule, {w.flat()}, apply_options(c.flags))});
  } else if (has_baselines(c)) {
    contenders.push_back(baseline_contender("careful", careful_adamw, w, threads));
    if (w.count() <= medium_size) {
      contenders.push_back(baseline_contender("scalar", scalar_adamw, w, threads));
    }
  }
  if (is_complete(c)) contenders.push_back({"separate", separate_step(w, threads)});
  if (c.rival.name.empty()) return;
  // The tensors point into the rival's workload, so the function keeps it.
  const auto rival = std::make_shared<workload>(rule, c.rival.stored, c.rival.flags, c.tensors,
                                                rivals_memory_, threads);
  stepper step(context, rule, rival->tensors(), apply_options(c.rival.flags));
  contenders.push_back({c.rival.name, [rival, step]() mutable { step(); }});
}

std::vector<contender> session::rule_contenders(const bench_case& c, const gradstep::rule& rule,
                                                const workload& w, team& threads) {
  const gradstep::context& context = context_of(c.isa, c.threads);
  const gradstep_apply_options options = apply_options(c.flags);
  const auto other_rule =
      std::make_shared<gradstep::rule>(rule_of({c.rival_rule, c.rival_rule, {}}));
  // The memory gives out the same arrays again, in the same order.
  const auto other =
      std::make_shared<workload>(*other_rule, c.stored, c.flags, c.tensors, memory_, threads);
  stepper step(context, *other_rule, other->tensors(), options);
  return {{"step", stepper(context, rule, w.tensors(), options)},
          {c.rival_rule, [other_rule, other, step]() mutable { step(); }}};
}

std::vector<contender> session::contenders_of(const bench_case& c, const gradstep::rule& rule,
                                              const workload& w, team& threads) {
  const gradstep::context& context = context_of(c.isa, c.threads);
  if (c.group_count != 0) {
    return optimizer_contenders(context, c.variant, w.tensors(), c.group_count);
  }
  if (!c.rival_rule.empty()) return rule_contenders(c, rule, w, threads);
  std::vector<contender> contenders = best_roofs(w, threads);
  contenders.insert(contenders.begin() + between_roofs.step,
                    {"step", stepper(context, rule, w.tensors(), apply_options(c.flags))});
  add_rivals(c, rule, w, threads, contenders);
  return contenders;
}

void session::run(const bench_case& c, benchmark::State& state) {
  try {
    const gradstep::rule rule = rule_of(c.variant);
    team& threads = threads_of(c.threads);
    const workload w(rule, c.stored, c.flags, c.tensors, memory_, threads);
    const std::vector<contender> contenders = contenders_of(c, rule, w, threads);
    const turn_order& order = has_roofs(c) ? between_roofs : without_roofs;
    for (auto _ : state) {  // NOLINT(clang-analyzer-deadcode.DeadStores): benchmark's own idiom
      const turns times = take_turns(contenders, {c.seconds, turn_seconds(threads)}, [&] {
        // With gradients of 0, slots would become denormal after some hundred steps.
        if ((c.flags & GRADSTEP_APPLY_ZERO_GRAD) != 0) w.refill_grad(threads);
      });
      state.SetIterationTime(times.median_seconds(order.step));
      set_counters(state.counters, contenders, times, w, order);
      if (has_roofs(c)) set_roof_counters(state, contenders, times, w);
    }
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

}  // namespace bench

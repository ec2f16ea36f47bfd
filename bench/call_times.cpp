// SPDX-License-Identifier: Apache-2.0
//
// Times the calls that hosts make besides gradstep_apply: gradients set in bulk, arrays as
// arguments, calls by name, and a step in two parts. Each is measured in turn with the call that it
// stands for; the figures are medians.
#include <gradstep/gradstep.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>
#include <vector>

namespace {

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

template <class Call>
double microseconds(std::size_t times, const Call& call) {
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < times; ++i) call();
  const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - begin;
  return taken.count() / static_cast<double>(times);
}

gradstep_context_options with_threads(std::size_t count) {
  auto options = gradstep::sized<gradstep_context_options>();
  options.thread_count = count;
  return options;
}

/// One float32 tensor under adamw, with all that a stateless step of it needs.
struct adamw_step {
  explicit adamw_step(std::size_t count)
      : param(count), grad(count, 1e-3F), exp_avg(count), exp_avg_sq(count) {
    tensor = gradstep::tensor_of(param.data(), grad.data(), count);
    tensor.slots = slots.data();
    tensor.slot_count = slots.size();
    options.step = 100;
  }

  void apply(const gradstep::context& context) const {
    gradstep_apply(context.get(), rule.get(), &tensor, 1, &options, nullptr);
  }
  void apply_arrays(const gradstep::context& context) {
    gradstep_apply_arrays(context.get(), rule.get(), options.step, param.size(), 0, 0,
                          GRADSTEP_FLOAT32, param.data(), GRADSTEP_FLOAT32, grad.data(), 0,
                          exp_avg.data(), exp_avg_sq.data(), nullptr, nullptr, nullptr, nullptr,
                          nullptr, nullptr, nullptr, nullptr, nullptr);
  }
  void apply_by_name(const gradstep::context& context) const {
    const std::array<std::uint64_t, 6> words = {reinterpret_cast<std::uintptr_t>(context.get()),
                                                reinterpret_cast<std::uintptr_t>(rule.get()),
                                                reinterpret_cast<std::uintptr_t>(&tensor),
                                                1,
                                                reinterpret_cast<std::uintptr_t>(&options),
                                                0};
    gradstep_call("gradstep_apply", words.data(), words.size(), nullptr, 0);
  }
  void apply_half(const gradstep::context& context, std::size_t half) const {
    gradstep_apply_part(context.get(), rule.get(), &tensor, 1, &options, half, 2, nullptr);
  }

  gradstep::rule rule{"adamw"};
  std::vector<float> param, grad, exp_avg, exp_avg_sq;
  std::array<gradstep_array, 3> slots = {gradstep::array_of(exp_avg.data()),
                                         gradstep::array_of(exp_avg_sq.data()), gradstep_array{}};
  gradstep_tensor tensor{};
  gradstep_apply_options options = gradstep::sized<gradstep_apply_options>();
};

void time_small_calls() {
  const gradstep::context context(with_threads(1));
  adamw_step step(1000);
  std::array<std::vector<double>, 3> taken;
  for (int i = 0; i < 2000; ++i) {
    taken[0].push_back(microseconds(50, [&] { step.apply(context); }));
    taken[1].push_back(microseconds(50, [&] { step.apply_arrays(context); }));
    taken[2].push_back(microseconds(50, [&] { step.apply_by_name(context); }));
  }
  const double apply = median(taken[0]), arrays = median(taken[1]), by_name = median(taken[2]);
  std::printf(
      "adamw, 1000 elements, 1 thread: gradstep_apply %.3f us; gradstep_apply_arrays %.3f us "
      "(x %.3f); gradstep_call %.3f us (x %.3f)\n",
      apply, arrays, arrays / apply, by_name, by_name / apply);
}

/// Two threads that wait for each other by turning.
class turnstile {
 public:
  void pass() {
    const int turn = turn_.load();
    if (arrived_.fetch_add(1) == 1) {
      arrived_ = 0;
      ++turn_;
      return;
    }
    while (turn_.load() == turn) {
    }
  }

 private:
  std::atomic<int> arrived_ = 0, turn_ = 0;
};

void time_parts(std::size_t count, int rounds) {
  const gradstep::context one(with_threads(1)), two(with_threads(2));
  adamw_step step(count);
  turnstile gate;
  std::vector<double> parts, whole;
  for (int i = 0; i < rounds; ++i) {
    whole.push_back(microseconds(1, [&] { step.apply(two); }));
    std::thread other([&] {
      for (int k = 0; k < 4; ++k) {
        gate.pass();
        step.apply_half(one, 1);
        gate.pass();
      }
    });
    for (int k = 0; k < 4; ++k) {
      gate.pass();
      const double taken = microseconds(1, [&] {
        step.apply_half(one, 0);
        gate.pass();
      });
      if (k > 0) parts.push_back(taken);  // the first one may wait for the thread's first steps
    }
    other.join();
    whole.push_back(microseconds(1, [&] { step.apply(two); }));
  }
  std::printf(
      "adamw, %zu elements: one call with 2 threads %.1f us; parts 0 and 1 of 2 by two "
      "threads %.1f us (x %.3f)\n",
      count, median(whole), median(parts), median(parts) / median(whole));
}

void time_gradients() {
  constexpr std::size_t tensor_count = 1000, count = 64;
  const gradstep::context context;
  gradstep::optimizer optimizer(context);
  optimizer.add_group("all", gradstep::rule("adamw"));
  std::vector<std::vector<float>> params(tensor_count), grads[2] = {params, params};
  std::vector<void*> pointers[2];
  for (std::size_t i = 0; i < tensor_count; ++i) {
    params[i].resize(count);
    for (int k = 0; k < 2; ++k) {
      grads[k][i].resize(count);
      pointers[k].push_back(grads[k][i].data());
    }
    optimizer.add_tensor(0, std::to_string(i),
                         gradstep::tensor_of(params[i].data(), grads[0][i].data(), count));
  }
  std::array<std::vector<double>, 2> taken;
  for (int i = 0; i < 400; ++i) {
    const auto& next = pointers[i % 2];
    taken[0].push_back(microseconds(1, [&] { optimizer.set_grads(0, next); }));
    const auto& other = pointers[(i + 1) % 2];
    taken[1].push_back(microseconds(1, [&] {
      for (std::size_t t = 0; t < tensor_count; ++t) optimizer.set_grad(t, other[t]);
    }));
  }
  std::printf(
      "new gradients for 1000 tensors: gradstep_optimizer_set_grads %.1f us; "
      "gradstep_optimizer_set_grad 1000 times %.1f us\n",
      median(taken[0]), median(taken[1]));
}

}  // namespace

int main() {
  try {
    time_gradients();
    time_small_calls();
    time_parts(std::size_t{1} << 14, 500);
    time_parts(std::size_t{1} << 22, 30);
    time_parts(std::size_t{1} << 24, 10);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gradstep_call_times: %s\n", error.what());
    return 1;
  }
}

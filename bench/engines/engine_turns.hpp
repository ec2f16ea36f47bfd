// SPDX-License-Identifier: Apache-2.0
//
// An engine's own optimizer and gradstep's, in turn: times, agreement, and memory of their state.
#pragma once

#include <malloc.h>
#include <unistd.h>
#include <gradstep/gradstep.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace gradstep_bench {

/// What is trained: tensors of one size, with a gradient that stays.
struct model {
  explicit model(const std::string& name) : name(name) {
    if (name == "small") {
      tensor_count = 100, size = 4096, repetitions = 15;
    } else if (name == "medium") {
      tensor_count = 8, size = std::size_t{1} << 20, repetitions = 7;
    } else if (name == "large") {
      tensor_count = 1, size = std::size_t{1} << 26, repetitions = 3;
    } else {
      throw std::invalid_argument("the model is \"" + name + "\"; it is small, medium or large");
    }
    gradient.resize(size);
    for (std::size_t i = 0; i < size; ++i) {
      gradient[i] = static_cast<float>((i * 37 + 11) % 201) / 100.0F - 1.0F;
    }
  }
  static float first_param(std::size_t i) { return static_cast<float>(i % 127) / 64.0F - 1.0F; }

  std::string name;
  std::size_t tensor_count = 0, size = 0;
  int repetitions = 0;
  std::vector<float> gradient;  // of every tensor
};

/// An optimizer with params of its own.
class contender {
 public:
  contender() = default;
  contender(const contender&) = delete;
  contender& operator=(const contender&) = delete;
  virtual ~contender() = default;
  virtual void step() = 0;
  virtual const float* param(std::size_t tensor) = 0;
};

/// The two contenders of a program.
struct pair_of_contenders {
  std::string engine;
  std::function<std::unique_ptr<contender>(const model&)> make_own;
  /// With slots of this dtype; 0: float32.
  std::function<std::unique_ptr<contender>(const model&, std::int32_t,
                                           const std::shared_ptr<const gradstep::context>&)>
      make_ours;
};

inline std::shared_ptr<const gradstep::context> context_of(std::size_t threads) {
  auto options = gradstep::sized<gradstep_context_options>();
  options.thread_count = threads;
  return std::make_shared<const gradstep::context>(options);
}

inline double milliseconds_of(contender& one, int steps) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < steps; ++i) one.step();
  const std::chrono::duration<double, std::milli> passed = std::chrono::steady_clock::now() - begin;
  return passed.count() / steps;
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Throws if the params of both differ by more than 1e-3 of their size.
inline void check_agreement(const model& trained, contender& own, contender& ours) {
  for (std::size_t t = 0; t < trained.tensor_count; ++t) {
    const float *const a = own.param(t), *const b = ours.param(t);
    for (std::size_t i = 0; i < trained.size; ++i) {
      const float allowed = 1e-3F * std::max(std::fabs(a[i]), 1e-2F);
      if (!(std::fabs(a[i] - b[i]) <= allowed)) {
        throw std::runtime_error("element " + std::to_string(i) + " of tensor " +
                                 std::to_string(t) + " is " + std::to_string(a[i]) + " and " +
                                 std::to_string(b[i]));
      }
    }
  }
}

inline double resident_bytes() {
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) throw std::runtime_error("cannot read /proc/self/statm");
  unsigned long pages = 0;
  const int found = std::fscanf(file, "%*u %lu", &pages);
  std::fclose(file);
  if (found != 1) throw std::runtime_error("/proc/self/statm has no second number");
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// The bytes per param that a contender keeps in memory after a step, without its float32 params.
inline double state_bytes(const model& trained,
                          const std::function<std::unique_ptr<contender>()>& make) {
  malloc_trim(0);
  const double before = resident_bytes();
  const auto made = make();
  made->step();
  malloc_trim(0);
  const auto count = static_cast<double>(trained.tensor_count * trained.size);
  return (resident_bytes() - before) / count - sizeof(float);
}

inline void compare(const pair_of_contenders& pair, const model& trained, std::size_t threads) {
  const auto context = context_of(threads);
  const auto own = pair.make_own(trained), ours = pair.make_ours(trained, 0, context);
  own->step();
  ours->step();
  const double once = std::min(milliseconds_of(*own, 1), milliseconds_of(*ours, 1));
  const int steps = std::max(1, static_cast<int>(std::ceil(20 / once)));
  std::vector<double> own_times, our_times;
  for (int i = 0; i < trained.repetitions; ++i) {
    own_times.push_back(milliseconds_of(*own, steps));
    our_times.push_back(milliseconds_of(*ours, steps));
  }
  check_agreement(trained, *own, *ours);
  const double own_time = median(own_times), our_time = median(our_times);
  std::printf("%s %s %zu threads: engine %.4f ms, gradstep %.4f ms, ratio %.2f\n",
              pair.engine.c_str(), trained.name.c_str(), threads, own_time, our_time,
              own_time / our_time);
}

inline void print_state_bytes(const pair_of_contenders& pair, const model& trained,
                              std::size_t threads) {
  mallopt(M_MMAP_THRESHOLD, 1 << 12);  // what is freed goes back to the system
  const auto context = context_of(threads);
  const struct {
    const char* name;
    std::int32_t dtype;
  } kinds[] = {
      {"float32", 0}, {"bfloat16", GRADSTEP_BFLOAT16}, {"s1e4m3_b256", GRADSTEP_S1E4M3_B256}};
  std::printf("bytes of state per param: engine %.2f",
              state_bytes(trained, [&] { return pair.make_own(trained); }));
  for (const auto& kind : kinds) {
    std::printf(", gradstep %s %.2f", kind.name,
                state_bytes(trained, [&] { return pair.make_ours(trained, kind.dtype, context); }));
  }
  std::printf("\n");
}

/// The main function of a program: PROGRAM small|medium|large 1|2.
inline int run(int argc, char** argv, const std::function<pair_of_contenders(int)>& make_pair) {
  try {
    if (argc != 3) throw std::invalid_argument("usage: PROGRAM small|medium|large THREADS");
    const model trained(argv[1]);
    const int threads = std::stoi(argv[2]);
    if (threads < 1) throw std::invalid_argument("THREADS is at least 1");
    const pair_of_contenders pair = make_pair(threads);
    compare(pair, trained, static_cast<std::size_t>(threads));
    print_state_bytes(pair, trained, static_cast<std::size_t>(threads));
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}

}  // namespace gradstep_bench

// SPDX-License-Identifier: Apache-2.0
//
// Several threads of a host use the library at the same time. In a build with a thread sanitizer
// (`./dev sanitize tsan`), which reports every data race, this program shows that there is none:
// its threads are ordered by the library alone.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/checkpoint_files.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/scratch_folder.hpp"
#include "threads/orderless_pool.hpp"
#include "threads/pieces.hpp"

namespace gradstep_test {
namespace {

constexpr std::size_t pieces = 24;
constexpr std::size_t host_threads = 4;
constexpr std::uint64_t rounds = 12;
constexpr auto relaxed = std::memory_order_relaxed;

context_handle make_pool_context(orderless_pool& pool) {
  auto options = split_options(1);
  options.thread_count = 4;
  options.parallel_for = orderless_pool::run;
  options.pool = &pool;
  return make_context(options);
}

/// Calls body(i) on a thread each.
template <class Body>
void on_threads(std::size_t count, const Body& body) {
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) threads.emplace_back([&body, i] { body(i); });
  for (auto& thread : threads) thread.join();
}

/// Makes contexts, steps by them and destroys them, and calls what fails, on threads of its own,
/// at least once and until it is destroyed.
class passers_by {
 public:
  passers_by() {
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { come_and_go(); });
  }
  ~passers_by() {
    is_over_.store(true, relaxed);
    for (auto& thread : threads_) thread.join();
  }

 private:
  void come_and_go() {
    do {
      const auto context = make_context(split_options(3));
      EXPECT_GE(threads_of(context.get()), 1U);
      const auto rule = make_rule("adagrad");
      auto target = make_parameter("adagrad", rule.get(), 64 * 4, {});
      apply_one(context.get(), rule.get(), target, at_step(1));
      gradstep_context* none = nullptr;
      expect_failure(gradstep_context_create(nullptr, nullptr), GRADSTEP_INVALID_ARGUMENT,
                     {"context"});
      const auto unknown = serial_options("no such set");
      expect_failure(gradstep_context_create(&unknown, &none), GRADSTEP_UNKNOWN_NAME,
                     {"no such set"});
    } while (!is_over_.load(relaxed));
  }

  std::atomic<bool> is_over_ = false;
  std::vector<std::thread> threads_;
};

// ---- Pieces -----------------------------------------------------------------------------------

/// Its threads see what came before a run. The caller sees what they wrote by run_pieces alone.
class one_way_team final : public gradstep::internal::thread_team {
 public:
  ~one_way_team() override {
    for (auto& thread : threads_) thread.join();
  }
  const char* kind() const noexcept override { return "one way"; }

 private:
  void run_tasks(std::size_t count, gradstep_task task, void* argument) const noexcept override {
    returned_.store(0, relaxed);
    for (std::size_t i = 1; i < count; ++i) {
      threads_.emplace_back([this, i, task, argument] {
        task(argument, i);
        returned_.fetch_add(1, relaxed);
      });
    }
    while (returned_.load(relaxed) != count - 1) std::this_thread::yield();
  }

  mutable std::atomic<std::size_t> returned_ = 0;
  mutable std::vector<std::thread> threads_;
};

TEST(concurrency, what_pieces_write_is_there_when_they_are_done) {
  const gradstep::internal::context context{.isa = nullptr,
                                            .thread_count = 4,
                                            .flush_to_zero = false,
                                            .serial_below = 0,
                                            .piece_size = 64,
                                            .team = std::make_unique<one_way_team>()};
  for (std::size_t round = 1; round <= rounds; ++round) {
    std::vector<std::size_t> written(pieces);
    gradstep::internal::run_pieces(context, pieces, false,
                                   [&](gradstep::internal::piece_claims& claims) {
                                     for (std::size_t piece = 0; claims.claim(piece);)
                                       written[piece] += round;
                                   });
    EXPECT_EQ(written, std::vector<std::size_t>(pieces, round));
  }
}

// ---- Tensors of different threads -------------------------------------------------------------

/// Steps three tensors of a rule, and the same ones serially; they must stay the same.
void step_beside_others(const gradstep_context* context, const std::string& rule_name) {
  const auto rule = make_rule(rule_name);
  std::vector<parameter> list;
  for (std::size_t i = 1; i <= 3; ++i) {
    list.push_back(make_parameter(rule_name, rule.get(), i * 64 * pieces, {}));
  }
  auto wanted = list;
  for (std::uint64_t step = 1; step <= rounds; ++step) {
    for (auto* each : {&list, &wanted}) {
      for (auto& target : *each) target.set_random_gradient(step);
    }
    apply_together(context, rule.get(), list, at_step(step));
    apply_together(serial_context(), rule.get(), wanted, at_step(step));
    for (std::size_t i = 0; i < list.size(); ++i) {
      expect_same_bits(list[i].snapshot(), wanted[i].snapshot());
    }
  }
}

TEST(concurrency, threads_step_tensors_of_their_own_by_one_context) {
  const std::vector<std::string> rule_names = {"adamw", "lamb", "sgd", "prodigy"};
  orderless_pool pool(3);
  const auto context = make_pool_context(pool);
  pool.start();
  const passers_by others;
  on_threads(host_threads, [&](std::size_t i) {
    step_beside_others(context.get(), rule_names[i % rule_names.size()]);
  });
}

TEST(concurrency, threads_that_come_and_go_have_their_own_sentences) {
  on_threads(host_threads, [](std::size_t i) {
    for (std::uint64_t round = 1; round <= rounds; ++round) {
      const std::string name = std::to_string(i) + " no rule " + std::to_string(round);
      std::thread([&] {
        gradstep_rule* none = nullptr;
        expect_failure(gradstep_rule_create(name.c_str(), &none), GRADSTEP_UNKNOWN_NAME, {name});
      }).join();
    }
  });
}

// ---- One optimizer ----------------------------------------------------------------------------

/// Eight tensors, half of them with a rule that sums.
struct small_model {
  explicit small_model(const gradstep_context* context) : optimizer(make_optimizer(context)) {
    add_group(optimizer.get(), "adamw", make_rule("adamw").get());
    add_group(optimizer.get(), "lamb", make_rule("lamb").get());
    for (std::size_t i = 0; i < 8; ++i) tensors.emplace_back((i + 1) * 64 * pieces / 4);
    for (std::size_t i = 0; i < 8; ++i) {
      add_tensor(optimizer.get(), i % 2, numbered_name(i), tensors[i].tensor());
    }
  }
  void set_gradients(std::uint64_t seed) {
    for (auto& each : tensors) each.set_gradient(seed);
  }
  std::vector<std::uint64_t> bits() const {
    std::vector<std::uint64_t> all;
    for (const auto& each : tensors) {
      const auto part = each.bits();
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }

  optimizer_handle optimizer;
  std::vector<plain_tensor> tensors;
};

TEST(concurrency, threads_step_the_tensors_of_one_optimizer) {
  orderless_pool pool(3);
  const auto context = make_pool_context(pool);
  pool.start();
  const passers_by others;
  small_model model(context.get()), wanted(serial_context());
  gradstep_optimizer* const o = model.optimizer.get();
  std::atomic<std::uint64_t> begun = 0, finished = 0;
  std::thread stepping([&] {
    for (std::uint64_t round = 1; round <= rounds; ++round) {
      model.set_gradients(round);
      wanted.set_gradients(round);
      expect_ok(gradstep_optimizer_begin_step(o, nullptr));
      begun.store(round, relaxed);
      while (finished.load(relaxed) != host_threads * round) std::this_thread::yield();
      expect_ok(gradstep_optimizer_end_step(o, nullptr));
      step(wanted.optimizer.get());
      expect_same_bits(model.bits(), wanted.bits());
    }
  });
  on_threads(host_threads, [&](std::size_t i) {
    for (std::uint64_t round = 1; round <= rounds; ++round) {
      while (begun.load(relaxed) < round) std::this_thread::yield();
      const std::size_t first = (i + round) % host_threads;  // each round another thread's
      for (std::size_t t = first; t < 8; t += host_threads) {
        expect_ok(gradstep_optimizer_step_tensor(o, t));
        describe_tensor(o, t);
      }
      finished.fetch_add(1, relaxed);
    }
  });
  stepping.join();
}

TEST(concurrency, an_optimizer_is_read_changed_and_saved_while_it_steps) {
  const scratch_folder folder;
  orderless_pool pool(3);
  const auto context = make_pool_context(pool);
  pool.start();
  const passers_by others;
  small_model model(context.get());
  gradstep_optimizer* const o = model.optimizer.get();
  const auto in_turn = [&](std::size_t i, std::uint64_t round) {
    switch (i) {
      case 0:
        return gradstep_optimizer_step(o, nullptr, nullptr);
      case 1:
        return gradstep_optimizer_set_hyperparameter(o, 0, "lr", 1e-3 / double(round));
      case 2:
        return gradstep_optimizer_inspect(o, round % 8, 1);
      case 3:
        return gradstep_optimizer_save(o, (folder / "state").c_str(), with_params);
      case 4:
        return gradstep_optimizer_set_note(o, "round", std::to_string(round).c_str());
      default:
        return gradstep_optimizer_accumulate(o, round % 8, 1);
    }
  };
  on_threads(6, [&](std::size_t i) {
    for (std::uint64_t round = 1; round <= rounds; ++round) {
      expect_ok(in_turn(i, round));
      describe(o);
      hyperparameter_of(o, 0, "lr");
      describe_tensor(o, round % 8);
    }
  });
  EXPECT_EQ(describe(o).step_count, rounds);
  small_model copy(serial_context());
  load(copy.optimizer, folder / "state");
  EXPECT_LE(describe(copy.optimizer.get()).step_count, rounds);
}

}  // namespace
}  // namespace gradstep_test

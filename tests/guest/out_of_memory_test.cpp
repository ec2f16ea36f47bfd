// SPDX-License-Identifier: Apache-2.0
//
// Each request for memory of each call fails, alone or with all that follow. The call returns
// OUT_OF_MEMORY, or does without the memory. It leaks nothing, changes nothing, and works when it
// is called again.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "guest/failing_memory.hpp"
#include "guest/out_of_memory_support.hpp"
#include "support/child_process.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/rule_setup.hpp"
#include "support/schedule_setup.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {
namespace {

std::vector<double> no_state() { return {}; }

/// An attempt at a call that makes something; it is destroyed at once.
template <class Handle, class Create>
make_attempt making(const Create& create, void (*destroy)(Handle*)) {
  return [=] {
    return attempt{GRADSTEP_OK,
                   [=] {
                     Handle* made = nullptr;
                     const auto status = create(&made);
                     EXPECT_EQ(made != nullptr, status == GRADSTEP_OK);
                     destroy(made);
                     return status;
                   },
                   no_state};
  };
}

/// An attempt at a call of an optimizer: call(model).
template <class Call>
make_attempt calling(const Call& call, gradstep_status wanted = GRADSTEP_OK) {
  return [=] {
    const auto model = std::make_shared<full_model>();
    return attempt{wanted, [=] { return call(*model); }, [=] { return model->state(); }};
  };
}

TEST(out_of_memory, contexts_and_rules) {
  fail_each_request("context", making<gradstep_context>(
                                   [](gradstep_context** made) {
                                     const auto options = serial_options();
                                     return gradstep_context_create(&options, made);
                                   },
                                   gradstep_context_destroy));
  fail_each_request("rule",
                    making<gradstep_rule>(
                        [](gradstep_rule** made) { return gradstep_rule_create("adamw", made); },
                        gradstep_rule_destroy));
}

TEST(out_of_memory, schedules) {
  fail_each_request("schedule", making<gradstep_schedule>(
                                    [](gradstep_schedule** made) {
                                      return gradstep_schedule_create("cosine", made);
                                    },
                                    gradstep_schedule_destroy));
  const auto inner = std::shared_ptr<gradstep_schedule>(full_model::make_sequence().release(),
                                                        gradstep_schedule_destroy);
  fail_each_request("sequence", making<gradstep_schedule>(
                                    [=](gradstep_schedule** made) {
                                      const gradstep_schedule* parts[] = {inner.get(), inner.get()};
                                      const std::uint64_t lengths[] = {5, 0};
                                      return gradstep_schedule_create_sequence(parts, lengths, 2,
                                                                               made);
                                    },
                                    gradstep_schedule_destroy));
  fail_each_request("list", [] {
    const auto schedule = std::shared_ptr<gradstep_schedule>(make_schedule("multistep").release(),
                                                             gradstep_schedule_destroy);
    return attempt{GRADSTEP_OK,
                   [=] {
                     const double at[] = {1, 2, 3};
                     return gradstep_schedule_set_list(schedule.get(), "milestones", at, 3);
                   },
                   no_state};
  });
  fail_each_request("unknown", [] {
    return attempt{GRADSTEP_UNKNOWN_NAME,
                   [] {
                     gradstep_schedule* made = nullptr;
                     return gradstep_schedule_create("a schedule of a long name", &made);
                   },
                   no_state};
  });
}

TEST(out_of_memory, setting_up_an_optimizer) {
  fail_each_request("create", making<gradstep_optimizer>(
                                  [context = std::make_shared<context_handle>(
                                       make_serial_context())](gradstep_optimizer** made) {
                                    return gradstep_optimizer_create(context->get(), nullptr, made);
                                  },
                                  gradstep_optimizer_destroy));
  fail_each_request("add_group", calling([](full_model& m) {
                      auto group = group_options("a third group with a name", m.adamw.get());
                      group.schedule = m.sequence.get();
                      return gradstep_optimizer_add_group(m.optimizer.get(), &group, nullptr);
                    }));
  for (const std::size_t count : {0U, 7U, 1'200'000U}) {  // the state of the last is a mapping
    static plain_tensor added(1'200'000);
    fail_each_request("add_tensor", calling([=](full_model& m) {
                        auto tensor = added.tensor();
                        tensor.count = count;
                        return gradstep_optimizer_add_tensor(
                            m.optimizer.get(), 1, "a tensor with a longer name", &tensor, nullptr);
                      }));
  }
  fail_each_request("add_arrays", calling([](full_model& m) {
                      static std::vector<float> param(7), grad(7);
                      return gradstep_optimizer_add_arrays(
                          m.optimizer.get(), 1, "a tensor with a longer name", 7, 0, 0,
                          GRADSTEP_FLOAT32, param.data(), GRADSTEP_FLOAT32, grad.data(), nullptr);
                    }));
  fail_each_request("slots", calling([](full_model& m) {
                      return gradstep_optimizer_set_hyperparameter(m.optimizer.get(), 0, "amsgrad",
                                                                   1);
                    }));
  fail_each_request("set_schedule", calling([](full_model& m) {
                      return gradstep_optimizer_set_schedule(m.optimizer.get(), 1,
                                                             m.sequence.get());
                    }));
  fail_each_request("set_grad", calling([](full_model& m) {
                      return gradstep_optimizer_set_grad(m.optimizer.get(), 0,
                                                         m.arrays[0].grad.data());
                    }));
  fail_each_request("set_grads", calling([](full_model& m) {
                      void* const grads[] = {m.arrays[0].grad.data(), m.arrays[1].grad.data()};
                      return gradstep_optimizer_set_grads(m.optimizer.get(), 0, 2, grads);
                    }));
  fail_each_request("set_options", calling([](full_model& m) {
                      const auto options = sized<gradstep_optimizer_options>();
                      return gradstep_optimizer_set_options(m.optimizer.get(), &options);
                    }));
}

/// Larger and smaller than tensor 1, which has 300 elements, an accumulated gradient and slots of
/// 8 bits if it is large.
TEST(out_of_memory, changing_tensors) {
  static plain_tensor other(6000);
  const auto resize = [](std::size_t count, std::vector<std::int64_t> sources) {
    return calling([=](full_model& m) {
      auto arrays = other.tensor();
      arrays.count = count;
      return gradstep_optimizer_set_param(m.optimizer.get(), 1, &arrays, sources.data(),
                                          sources.size());
    });
  };
  fail_each_request("grow", resize(600, {0, -1, 1, 2, 2, 2}));
  fail_each_request("grow to 8 bits", resize(6000, std::vector<std::int64_t>(60, 2)));
  fail_each_request("shrink", resize(100, {2}));
  fail_each_request("prune", resize(0, {}));
  fail_each_request("relayout", resize(300, {}));
  fail_each_request("out of range", [=] {
    attempt wrong = resize(100, {3})();
    wrong.wanted = GRADSTEP_OUT_OF_RANGE;
    return wrong;
  });
  fail_each_request("shrink from 8 bits", [=] {
    const auto model = std::make_shared<full_model>();
    auto arrays = other.tensor();
    expect_ok(gradstep_optimizer_move_tensor(model->optimizer.get(), 1, 1));
    const std::vector<std::int64_t> sources(20, 0);
    expect_ok(gradstep_optimizer_set_param(model->optimizer.get(), 1, &arrays, sources.data(),
                                           sources.size()));
    static plain_tensor smaller(4500);
    return attempt{GRADSTEP_OK,
                   [=] {
                     const std::int64_t order[] = {9, 8, 7, -1, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0};
                     const auto less = smaller.tensor();
                     return gradstep_optimizer_set_param(model->optimizer.get(), 1, &less, order,
                                                         15);
                   },
                   [=] { return model->state(); }};
  });
  for (const char* const name : {"adamw", "nadam", "prodigy", "lamb"}) {
    fail_each_request("move", [=] {
      const auto model = std::make_shared<full_model>();
      const auto group = add_group(model->optimizer.get(), name, make_rule(name).get());
      return attempt{
          GRADSTEP_OK,
          [=] { return gradstep_optimizer_move_tensor(model->optimizer.get(), 1, group); },
          [=] { return model->state(); }};
    });
  }
  fail_each_request("remove a tensor", [=] {
    const auto model = std::make_shared<full_model>();
    return attempt{GRADSTEP_OK,
                   [=] { return gradstep_optimizer_remove_tensor(model->optimizer.get(), 1); },
                   [=] { return model->state(); }};
  });
  fail_each_request(
      "export and import", calling([](full_model& m) {
        double values[300];
        const auto array = array_of(values);
        const auto status =
            gradstep_optimizer_export_array(m.optimizer.get(), 1, "exp_avg", &array, 300);
        if (status != GRADSTEP_OK) return status;
        return gradstep_optimizer_import_array(m.optimizer.get(), 1, "exp_avg", &array, 300);
      }));
}

TEST(out_of_memory, stepping_an_optimizer) {
  fail_each_request("accumulate", calling([](full_model& m) {
                      return gradstep_optimizer_accumulate(m.optimizer.get(), GRADSTEP_ALL_TENSORS,
                                                           0.5);
                    }));
  fail_each_request("inspect", calling([](full_model& m) {
                      return gradstep_optimizer_inspect(m.optimizer.get(), GRADSTEP_ALL_TENSORS, 1);
                    }));
  fail_each_request("step", calling([](full_model& m) {
                      return gradstep_optimizer_step(m.optimizer.get(), nullptr, nullptr);
                    }));
  fail_each_request("tensor by tensor", [] {
    const auto model = std::make_shared<full_model>();
    auto options = sized<gradstep_step_options>();
    options.flags = GRADSTEP_STEP_GRAD_NORM;
    options.grad_norm = 1;
    expect_ok(gradstep_optimizer_begin_step(model->optimizer.get(), &options));
    return attempt{GRADSTEP_OK,
                   [=] { return gradstep_optimizer_step_tensor(model->optimizer.get(), 0); },
                   [=] { return model->state(); }};
  });
  fail_each_request("apply", calling([](full_model& m) {
                      auto tensor = m.arrays[0].tensor();
                      float state[10] = {};
                      const gradstep_array slots[] = {array_of(state), array_of(state + 5), {}};
                      tensor.slots = slots;
                      tensor.slot_count = 3;
                      auto options = sized<gradstep_apply_options>();
                      options.step = 1;
                      std::swap(tensor.param, tensor.grad);  // the model's params stay
                      return gradstep_apply(m.context.get(), m.adamw.get(), &tensor, 1, &options,
                                            nullptr);
                    }));
}

TEST(out_of_memory, stateless_calls_ask_for_no_memory) {
  const auto rule = make_rule("adamw", {});
  const auto context = make_context(split_options(1));
  plain_tensor weight(1000);
  auto tensor = weight.tensor();
  std::vector<float> state(2000);
  const gradstep_array slots[] = {array_of(state.data()), array_of(state.data() + 1000), {}};
  tensor.slots = slots;
  tensor.slot_count = 3;
  auto options = sized<gradstep_apply_options>();
  options.step = 1;
  auto norm = sized<gradstep_norm_result>();
  count_requests(failing::from_there_on, 0);
  const gradstep_status statuses[] = {
      gradstep_apply(context.get(), rule.get(), &tensor, 1, &options, nullptr),
      gradstep_apply_part(context.get(), rule.get(), &tensor, 1, &options, 1, 2, nullptr),
      gradstep_gradient_norm(context.get(), &tensor, 1, &norm)};
  EXPECT_EQ(counted_requests(), 0U);
  for (const gradstep_status status : statuses) expect_ok(status);
}

TEST(out_of_memory, looking_into_an_optimizer) {
  fail_each_request("find", calling(
                                [](full_model& m) {
                                  std::size_t index = 0;
                                  return gradstep_optimizer_find_tensor(
                                      m.optimizer.get(), "layer.with.a.longer.nam.1", &index);
                                },
                                GRADSTEP_UNKNOWN_NAME));
  fail_each_request("get_array", calling(
                                     [](full_model& m) {
                                       gradstep_array array{};
                                       return gradstep_optimizer_get_array(m.optimizer.get(), 0,
                                                                           "exponential_average",
                                                                           &array, nullptr);
                                     },
                                     GRADSTEP_UNKNOWN_NAME));
  fail_each_request("describe", calling([](full_model& m) {
                      auto info = sized<gradstep_optimizer_info>();
                      auto group = sized<gradstep_group_info>();
                      auto tensor = sized<gradstep_tensor_info>();
                      expect_ok(gradstep_optimizer_describe_group(m.optimizer.get(), 0, &group));
                      expect_ok(gradstep_optimizer_describe_tensor(m.optimizer.get(), 0, &tensor));
                      return gradstep_optimizer_describe(m.optimizer.get(), &info);
                    }));
}

// ---- Threads --------------------------------------------------------------------------------

/// A thread that makes a failing call each time that call() asks for it.
class failing_thread {
 public:
  ~failing_thread() {
    tell(order::end);
    thread_.join();
  }
  gradstep_status call() {
    tell(order::call);
    order_.wait(order::call);
    return status_;
  }

 private:
  enum class order { wait, call, end };

  void tell(order what) {
    order_ = what;
    order_.notify_all();
  }
  void run() {
    for (;;) {
      order_.wait(order::wait);
      if (order_ == order::end) return;
      gradstep_rule* rule = nullptr;
      status_ = gradstep_rule_create("adamw by another name", &rule);
      if (*gradstep_last_error() == '\0') status_ = GRADSTEP_INTERNAL;
      tell(order::wait);
    }
  }

  std::atomic<order> order_ = order::wait;
  gradstep_status status_ = GRADSTEP_OK;
  std::thread thread_{[this] { run(); }};
};

TEST(out_of_memory, first_failure_of_a_thread) {
  fail_each_request("first failure", [] {
    const auto thread = std::make_shared<failing_thread>();
    return attempt{GRADSTEP_UNKNOWN_NAME, [=] { return thread->call(); }, no_state};
  });
}

/// Makes a context of two threads and takes a step, without memory from the index-th request on.
/// Returns 0 if the context was refused, or if the step has the bits of one thread with memory.
int step_on_two_threads(std::size_t index) {
  fail_with_a_long_sentence();
  auto options = sized<gradstep_context_options>();
  options.thread_count = 2;
  // oneTBB loads its libraries first: glibc 2.36's dlopen crashes where a library's constructor has
  // no memory.
  make_context(options);
  const auto rule = make_rule("adamw");
  plain_tensor array(100'000), wanted(100'000);
  gradstep_context* context = nullptr;
  count_requests(failing::from_there_on, index);
  auto status = gradstep_context_create(&options, &context);
  counted_requests();
  if (status == GRADSTEP_OUT_OF_MEMORY) return context == nullptr ? 0 : 2;
  if (status != GRADSTEP_OK) return 3;
  const auto optimizer = make_optimizer(context);
  add_group(optimizer.get(), "all", rule.get());
  add_tensor(optimizer.get(), 0, "weight", array.tensor());
  count_requests(failing::from_there_on, index);
  status = gradstep_optimizer_step(optimizer.get(), nullptr, nullptr);
  counted_requests();
  if (status != GRADSTEP_OK) return 4;
  const auto plain = make_optimizer(serial_context());
  add_group(plain.get(), "all", rule.get());
  add_tensor(plain.get(), 0, "weight", wanted.tensor());
  step(plain.get());
  return array.bits() == wanted.bits() ? 0 : 5;
}

/// Which request fails is chance here: the threads make requests of their own.
TEST(out_of_memory, two_threads) {
  if (!has_own_threads()) GTEST_SKIP() << "a build without oneTBB";
  for (std::size_t index = 0; index < 40; ++index) {
    SCOPED_TRACE(index);
    EXPECT_EQ(status_of_child([&] { return step_on_two_threads(index); }), 0);
  }
}

}  // namespace
}  // namespace gradstep_test

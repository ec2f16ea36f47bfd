// SPDX-License-Identifier: Apache-2.0
//
// Gradient scales at the ends of float32's and float64's ranges act as the exact product does.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>

#include "step/scaled_gradients.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/optimizer_setup.hpp"
#include "support/plain_steps.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

TEST(grad_scale, gradients_are_multiplied_by_the_exact_scale) {
  for_every_context([](const gradstep_context* context) {
    for (const auto& [scale, size] : scales) {
      SCOPED_TRACE(scale);
      const auto grads = random_gradients(size);
      for (const dtypes types : all_dtypes) {
        const auto scaled = scaled_gradients(context, types, grads, scaled_step(1, scale));
        for (std::size_t i = 0; i < gradient_count; ++i) {
          const double exact = grads[i] * scale;
          ASSERT_NEAR(scaled[i], exact, std::abs(exact) * 0x1.8p-23) << to_text(types) << i;
        }
      }
    }
  });
}

/// Gradients of a loss that was multiplied by the largest scale.
TEST(grad_scale, largest_loss_scale) {
  for_every_context([](const gradstep_context* context) {
    const auto optimizer = make_optimizer(context);
    add_group(optimizer.get(), "all", plain_descent().get());
    plain_tensor a(gradient_count);
    for (std::size_t i = 0; i < gradient_count; ++i) {
      a.param.set(i, 0);
      a.grad.set(i, std::ldexp(random_value(2, i), 126));
    }
    add_tensor(optimizer.get(), 0, "a", without_slots(a.tensor()));
    auto scaler = make_loss_scaler();
    scaler.scale = 0x1p127;
    expect_ok(gradstep_optimizer_set_loss_scaler(optimizer.get(), &scaler));
    EXPECT_EQ(step(optimizer.get()).is_skipped, 0);
    for (std::size_t i = 0; i < gradient_count; ++i) {
      ASSERT_EQ(a.param.get(i), -std::ldexp(a.grad.get(i), -127)) << i;
    }
  });
}

}  // namespace
}  // namespace gradstep_test

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rules/power.hpp"
#include "rules/rule.hpp"

namespace gradstep::internal {
namespace {

/// Adafactor (Shazeer & Stern 2018), as in PyTorch. With hugging_face: as in Transformers.
///     w = t^beta2_decay
///     rho = min(lr, 1 / sqrt(t))         hugging_face: lr;   relative_step: min(1e-2, 1 /
///     sqrt(t)),
///                                        with warmup_init: min(1e-6 t, 1 / sqrt(t))
///     alpha = max(eps2, RMS(p)) rho      without scale_parameter: rho
///     flat:      V <- V + w (g^2 - V)
///     matrices:  row <- row + w (mean of g^2 over the row - row);  col likewise
///                V = row col / max(mean(row), eps1)
///     U = g / sqrt(max(V, eps1^2))       hugging_face: eps1 is added to g^2 instead
///     U <- alpha / max(1, RMS(U) / d) U
///     beta1 > 0:  m <- m + (1 - beta1)(U - m), then m in place of U
///     p <- (1 - lr weight_decay) p - U   hugging_face: alpha weight_decay
struct adafactor {
  static constexpr hyperparameter hyperparameters[] = {
      learning_rate(1e-2),
      number("beta2_decay", -0.8, right_open_interval(-100, 0),
             "exponent of t in the weight of the new square"),
      non_negative("eps1", 0, "limit of V, or what hugging_face adds; 0: the dtype's epsilon"),
      non_negative("eps2", 1e-3, "least RMS(p) that a step is scaled by"),
      positive("d", 1, "RMS of the update from which it is clipped"),
      non_negative("weight_decay", 0, "decoupled: (1 - lr weight_decay) p in place of p"),
      fraction("beta1", 0, "decay of exp_avg; 0: no first moment"),
      number("scale_parameter", 1, zero_or_one(), "0: the step is not scaled by RMS(p)"),
      flag("hugging_face", "1: Transformers' form"),
      flag("relative_step", "1: rho from t alone; needs hugging_face"),
      flag("warmup_init", "1: rho grows from 1e-6; needs relative_step"),
      maximize(),
      l1_penalty(),
  };
  static constexpr slot slots[] = {
      line_slot(slot_extent::row, "row_var", "moving averages of the rows' mean squares", 0, 0),
      line_slot(slot_extent::column, "col_var", "moving averages of the columns' mean squares", 0,
                1),
      non_negative(slot_from("variance", "moving average of squared gradients; flat tensors")),
      slot_from("exp_avg", "moving average of updates; used when beta1 > 0"),
  };
  static constexpr rule_info info =
      describe("adafactor", "second moments of matrices from those of rows and columns",
               "g <- g + l1_penalty sign(p)\n"
               "w = t^beta2_decay;  rho = min(lr, 1/sqrt(t));  alpha = max(eps2, RMS(p)) rho\n"
               "flat:      V <- V + w (g^2 - V)\n"
               "matrices:  row, col <- averages of mean g^2, as V;  V = row col / max(mean(row), "
               "eps1)\n"
               "U = alpha g / sqrt(max(V, eps1^2));  U <- U / max(1, RMS(g / sqrt(V)) / d)\n"
               "beta1 > 0: m <- beta1 m + (1 - beta1) U;  then m in place of U\n"
               "p <- (1 - lr weight_decay) p - U\n"
               "hugging_face: eps1 added to g^2; rho = lr or relative_step; alpha weight_decay",
               "Shazeer & Stern 2018; PyTorch; Transformers", decay::own, hyperparameters, slots);

  /// RMS(p), RMS(U) and the constants made from them are computed in double. In float64, their
  /// errors add 10 units.
  static constexpr int error_units = units_with_squared_gradient + 10;

  struct form {
    bool is_factored, has_momentum;
    bool operator==(const form&) const = default;
  };
  static constexpr form forms[] = {{false, false}, {false, true}, {true, false}, {true, true}};

  template <class H>
  static form choose(const H& h) {
    return {h.is_matrix, h.is_set("beta1")};
  }
  static constexpr bool uses(form f, std::string_view slot) {
    if (slot == "exp_avg") return f.has_momentum;
    return (slot == "variance") != f.is_factored;
  }
  template <class H>
  static const char* conflict(const H& h) {
    if (h.is_set("relative_step") && !h.is_set("hugging_face")) {
      return "relative_step = 1 needs hugging_face = 1, but hugging_face = 0";
    }
    if (h.is_set("warmup_init") && !h.is_set("relative_step")) {
      return "warmup_init = 1 needs relative_step = 1, but relative_step = 0";
    }
    return nullptr;
  }

  template <class T>
  struct coefficients {
    T rate, gain, decay, floor, limit, added;
    average_weights<T> averages[2];
  };

  // ---- Constants ------------------------------------------------------------------------------

  template <class H>
  static auto eps1(const H& h) {
    using real_number = decltype(h["eps1"]);
    return h.is_set("eps1") ? h["eps1"] : static_cast<real_number>(h.param_epsilon);
  }
  template <class H>
  static auto new_weight(const H& h) {
    using real_number = decltype(h["lr"]);
    return power(static_cast<real_number>(h.step), h["beta2_decay"]);
  }
  template <class H>
  static auto rho(const H& h) {
    using real_number = decltype(h["lr"]);
    const real_number t = static_cast<real_number>(h.step);
    const real_number falling = 1 / sqrt(t);
    if (!h.is_set("hugging_face")) return min(h["lr"], falling);
    if (!h.is_set("relative_step")) return h["lr"];
    return min(h.is_set("warmup_init") ? real_number(1e-6) * t : real_number(1e-2), falling);
  }

  template <class T, class H>
  static coefficients<T> prepare(const H& h) {
    using real_number = decltype(h["lr"]);
    const bool is_added = h.is_set("hugging_face");
    // An average that the form does not have must not favour what is new: see average_weights.
    const real_number of_new = h.is_matrix ? real_number(0) : new_weight(h);
    const real_number beta1 = h.is_set("beta1") ? h["beta1"] : real_number(1);
    return {T(0),
            T(0),
            T(0),
            is_added ? keep_normal<T>(real_number(0)) : keep_normal<T>(eps1(h) * eps1(h)),
            T(is_added ? real_number(0x1p127) : 1 / eps1(h)),
            is_added ? T(eps1(h)) : T(0),
            {{T(of_new), T(1 - of_new)}, weights_of<T>(beta1)}};
  }

  // ---- The update -----------------------------------------------------------------------------

  /// g / sqrt(V). row and column are roots already: see seen_line.
  template <form F, class T, class V>
  static V unscaled(const coefficients<T>& c, V g, V row, V column, V& variance) {
    if constexpr (F.is_factored) {
      return g * at_most(row * column, V(c.limit));
    } else {
      variance = moving_average(variance, at_most(fma(g, g, V(c.added)), V(largest_square<T>)),
                                c.averages[0]);
      return g / sqrt(max(variance, V(c.floor)));
    }
  }

  template <form F, class T, class V>
  static V update(const coefficients<T>& c, V p, V g, V& row, V& column, V& variance, V& average) {
    V u = unscaled<F>(c, g, row, column, variance);
    if constexpr (F.has_momentum) {
      average = moving_average(average, V(c.gain) * u, c.averages[1]);
      u = average;
    }
    return fma(V(c.decay), p, u);
  }

  // ---- Sums -----------------------------------------------------------------------------------

  /// Matrices: first g^2 over rows and columns, and p^2; then U^2. Flat tensors: p^2 and U^2.
  static constexpr pass_list passes(form f) {
    if (!f.is_factored) return {1, {{2, {sum_extent::tensor, sum_extent::tensor}}}};
    return {2,
            {{3, {sum_extent::row, sum_extent::column, sum_extent::tensor}},
             {1, {sum_extent::tensor}}}};
  }

  /// The sums do not depend on the first moment.
  static constexpr form summing_form(form f) { return {f.is_factored, false}; }

  template <form F, std::size_t Pass, class T, class V>
  static void sum(const coefficients<T>& c, V p, V g, V row, V column, V variance, V,
                  sum_term<V>* terms) {
    if constexpr (F.is_factored && Pass == 0) {
      terms[0] = terms[1] = {g, g};
      terms[2] = {p, p};
    } else {
      const V u = unscaled<F>(c, g, row, column, variance);
      terms[F.is_factored ? 0 : 1] = {u, u};
      if constexpr (!F.is_factored) terms[0] = {p, p};
    }
  }

  template <form, std::size_t Slot, class H>
  static auto next_line(const H& h, const tensor_shape& shape) {
    using real_number = decltype(h["lr"]);
    const auto count = static_cast<real_number>(Slot == 0 ? shape.columns : shape.rows);
    const auto added = h.is_set("hugging_face") ? eps1(h) : real_number(0);
    return [=, weight = new_weight(h)](real_number old, real_number sum) {
      return old + weight * (sum / count + added - old);
    };
  }
  /// 1 / sqrt(row col / max(mean(row), eps1)) is the product of a number of the row and one of the
  /// column, so the loops need neither a root nor a division.
  template <form, std::size_t Slot, class H, class Real>
  static Real seen_line(const H& h, Real value, Real mean) {
    return 1 / sqrt(Slot == 0 ? value / max(mean, eps1(h)) : value);
  }

  template <form F, std::size_t Pass, class T, class H, class Real>
  static bool finish(const H& h, const tensor_shape& shape, const Real* totals,
                     coefficients<T>& c) {
    const auto count = static_cast<Real>(shape.count);
    constexpr bool has_param = !F.is_factored || Pass == 0;
    constexpr bool has_update = !F.is_factored || Pass == 1;
    Real alpha = static_cast<Real>(c.gain);
    if constexpr (has_param) {
      const Real size = sqrt(totals[F.is_factored ? 2 : 0] / count);
      alpha = h.is_set("scale_parameter") ? max(size, h["eps2"]) * rho(h) : rho(h);
      c.gain = T(alpha);
    }
    if constexpr (has_update) {
      const Real size = sqrt(totals[F.is_factored ? 0 : 1] / count);
      const Real step = alpha / max(size / h["d"], Real(1));
      const Real lr = h.is_set("hugging_face") ? alpha : h["lr"];
      c.gain = T(step);
      c.rate = F.has_momentum ? T(1) : T(step);
      c.decay = decay_in_direction<T>(lr * h["weight_decay"], c.rate);
    }
    return true;
  }
};

}  // namespace
}  // namespace gradstep::internal

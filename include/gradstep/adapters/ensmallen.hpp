// gradstep's rules as update policies of ensmallen's SGD, and so of mlpack. Needs ensmallen 2.10.
//
// SPDX-License-Identifier: Apache-2.0
//
//     gradstep::ens_update adamw("adamw", {{"weight_decay", 0.01}});
//     ens::SGD<gradstep::ens_update> optimizer(0.001, 32, 100000, 1e-5, true, adamw);
//     optimizer.Optimize(function, coordinates);
//
// docs/ensmallen.md has more examples.
#ifndef GRADSTEP_ADAPTERS_ENSMALLEN_HPP
#define GRADSTEP_ADAPTERS_ENSMALLEN_HPP

#include <gradstep/adapters/one_tensor.hpp>
#include <gradstep/gradstep.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace gradstep {

/// An update policy, in the place of ens::AdamUpdate and the like: any rule, with its
/// hyper-parameters. Coordinates and gradients are dense matrices of float or double, such as
/// arma::mat and arma::fmat, updated in place.
///
/// The learning rate is ensmallen's step size, which ens::SGD passes, after its decay policy, to
/// every update; a setting "lr" has no effect. State begins anew whenever ensmallen makes a new
/// Policy: at each Optimize(), unless ens::SGD was made with resetPolicy = false.
///
/// A copy has the same settings, and begins with the same loaded state. The state of a run belongs
/// to the object that ensmallen itself holds: optimizer.UpdatePolicy(). One object serves one
/// thread at a time.
///
/// ensmallen declares no exceptions, so a gradstep::error leaves Optimize(). The coordinates are
/// then those of the last good step.
class ens_update {
 public:
  /// rule_name: a rule of gradstep's; "adam" with eps_hat = 1 is ensmallen's Adam. settings: values
  /// of its hyper-parameters; the rest have gradstep's defaults. slot_dtype: how state is stored,
  /// as at gradstep::any_parameter. context: threads and instruction set; nullptr for
  /// gradstep::shared_context(). Throws gradstep::error for what the library does not accept.
  explicit ens_update(std::string rule_name = "adam", std::vector<setting> settings = {},
                      std::int32_t slot_dtype = 0, std::shared_ptr<const context> context = nullptr)
      : choice_(std::move(rule_name), std::move(settings), slot_dtype, std::move(context)) {}
  ens_update(const ens_update& other) : choice_(other.choice_), loaded_(other.loaded_) {}
  ens_update(ens_update&&) = default;
  ens_update& operator=(ens_update other) noexcept {
    std::swap(choice_, other.choice_);
    std::swap(loaded_, other.loaded_);
    std::swap(state_, other.state_);
    return *this;
  }
  ~ens_update() = default;

  /// A hyper-parameter. A new value counts from the next new Policy on.
  double get(const std::string& hyperparameter) const { return choice_.get(hyperparameter); }
  void set(const std::string& hyperparameter, double value) { choice_.set(hyperparameter, value); }

  /// The steps of the present run, and a slot's elements ("exp_avg") in the order of the
  /// coordinates' memory. 0 and empty before the first step.
  std::uint64_t step_count() const { return state_ == nullptr ? 0 : state_->step_count(); }
  std::vector<double> slot(const std::string& name) const {
    return state_ == nullptr ? std::vector<double>() : state_->slot(name);
  }

  /// Writes the state of the present run, without the coordinates, to a file, as a checkpoint of
  /// the library's (docs/checkpoints.md). Throws gradstep::error before the first step, and if the
  /// file cannot be written.
  void save(const std::string& path) const {
    if (step_count() == 0) {
      throw error(GRADSTEP_WRONG_ORDER,
                  "ens_update::save: there is no state before the first step");
    }
    state_->save(path);
  }
  /// Reads a state that the next new Policy begins with. The step size is not part of it. Throws
  /// gradstep::error for a file that cannot be read or is damaged; a state of another rule or of
  /// another number of coordinates is refused by the first step.
  void load(const std::string& path) { loaded_ = detail::read_checkpoint(path); }

  /// Makes a transform of the rule for the coordinates of the present run, such as "evaluate" of
  /// schedule_free_adamw after Optimize(), and "train" before it goes on.
  template <class MatType>
  void transform(const std::string& name, MatType& coordinates) {
    if (state_ != nullptr) state_->transform(tensor_of_matrix(coordinates, nullptr), name);
  }

  /// The state of one run, which ensmallen makes.
  template <class MatType, class GradType>
  class Policy {  // NOLINT(readability-identifier-naming): ensmallen's name
   public:
    /// rows, cols: the size of the coordinates.
    Policy(ens_update& parent, std::size_t rows, std::size_t cols)
        : state_(parent.begin()), rows_(rows), cols_(cols) {}

    /// Makes one step, which changes `iterate`.
    template <class StepSize>
    // NOLINTNEXTLINE(readability-identifier-naming): ensmallen's names
    void Update(MatType& iterate, StepSize stepSize, const GradType& gradient) {
      using element = typename MatType::elem_type;
      static_assert(has_memory<GradType>::value,
                    "gradstep needs a dense gradient: it has no update for sparse ones");
      static_assert(std::is_same_v<element, typename GradType::elem_type>,
                    "coordinates and gradient have the same element type");
      if (iterate.n_rows != rows_ || iterate.n_cols != cols_ || gradient.n_rows != rows_ ||
          gradient.n_cols != cols_) {
        throw error(GRADSTEP_INVALID_ARGUMENT, size_sentence(iterate, gradient).c_str());
      }
      // Steps without GRADSTEP_APPLY_ZERO_GRAD only read the gradient.
      auto* const grad = const_cast<element*>(gradient.memptr());
      state_->step(tensor_of_matrix(iterate, grad), {{"lr", static_cast<double>(stepSize)}});
    }

   private:
    std::string size_sentence(const MatType& iterate, const GradType& gradient) const {
      const auto size = [](std::size_t rows, std::size_t cols) {
        return std::to_string(rows) + " x " + std::to_string(cols);
      };
      return "iterate is " + size(iterate.n_rows, iterate.n_cols) + " and gradient " +
             size(gradient.n_rows, gradient.n_cols) + "; this policy is for " + size(rows_, cols_);
    }

    std::shared_ptr<detail::one_tensor> state_;
    std::size_t rows_, cols_;
  };

 private:
  template <class T, class = void>
  struct has_memory : std::false_type {};
  template <class T>
  struct has_memory<T, std::void_t<decltype(std::declval<const T&>().memptr())>> : std::true_type {
  };

  /// A column of ensmallen's is a row of gradstep's; one row or column alone is a flat tensor.
  template <class MatType>
  static gradstep_tensor tensor_of_matrix(MatType& matrix, typename MatType::elem_type* grad) {
    static_assert(has_memory<MatType>::value, "gradstep needs dense coordinates");
    auto tensor = tensor_of(matrix.memptr(), grad, matrix.n_elem);
    if (matrix.n_rows > 1 && matrix.n_cols > 1) {
      tensor.rows = matrix.n_cols;
      tensor.columns = matrix.n_rows;
    }
    return tensor;
  }

  std::shared_ptr<detail::one_tensor> begin() {
    state_ = std::make_shared<detail::one_tensor>(choice_, std::exchange(loaded_, {}));
    return state_;
  }

  detail::rule_choice choice_;
  std::vector<unsigned char> loaded_;          // what the next Policy begins with
  std::shared_ptr<detail::one_tensor> state_;  // of the last Policy
};

}  // namespace gradstep

#endif  // GRADSTEP_ADAPTERS_ENSMALLEN_HPP

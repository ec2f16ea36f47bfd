// SPDX-License-Identifier: Apache-2.0
//
// Some precisions keep all bits of float32 params. Given the same gradients, they must train to the
// same bits, with clipping and averaging.
#include "../digits/precision.hpp"

#include <gradstep/gradstep.hpp>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "../digits/network.hpp"
#include "../digits/random.hpp"
#include "../digits/stored_tensor.hpp"

namespace {

/// A network that is updated in a precision, by gradients of the test.
class trainee {
 public:
  trainee(const gradstep::context& context, const std::string& precision)
      : net_(3), optimizer_(context, options()) {
    const digits::precision how = digits::find_precisions(precision).front();
    const auto group = optimizer_.add_group("all", gradstep::rule("adamw"), nullptr, 1, how.slots);
    net_.for_each_tensor([&](const digits::network_tensor& t) {
      networks_.push_back(t);
      stored_.emplace_back(how, t, true);
      optimizer_.add_tensor(group, std::to_string(stored_.size()), stored_.back().tensor());
    });
  }

  void step(std::uint64_t t) {
    digits::random_source random(t, digits::random_use::batches);
    for (std::size_t i = 0; i < stored_.size(); ++i) {
      // Gradients of 8 bits, which no dtype rounds.
      for (std::size_t k = 0; k < networks_[i].count; ++k) {
        networks_[i].grad[k] = static_cast<float>(static_cast<int>(128 * random.symmetric())) / 64;
      }
      stored_[i].store_gradient();
    }
    optimizer_.step();
  }

  /// Every param and average, as float32.
  std::vector<float> result() {
    std::vector<float> all;
    for (digits::stored_tensor& s : stored_) {
      const gradstep_tensor& t = s.tensor();
      for (const double x : gradstep::read(t.param, t.count)) {
        all.push_back(static_cast<float>(x));
      }
      const auto* const average = static_cast<const float*>(t.average.data);
      all.insert(all.end(), average, average + t.count);
    }
    return all;
  }

 private:
  static gradstep_optimizer_options options() {
    auto options = gradstep::sized<gradstep_optimizer_options>();
    options.flags = GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_AVERAGE;
    options.max_norm = 1;
    options.average_decay = 0.9;
    return options;
  }

  digits::network net_;
  std::vector<digits::network_tensor> networks_;
  std::vector<digits::stored_tensor> stored_;
  gradstep::optimizer optimizer_;
};

std::vector<float> train(const gradstep::context& context, const std::string& precision) {
  trainee trained(context, precision);
  for (std::uint64_t t = 1; t <= 50; ++t) trained.step(t);
  return trained.result();
}

/// Returns how many comparisons failed.
int compare() {
  const gradstep::context context;
  const std::vector<float> expected = train(context, "f32");
  int failures = 0;
  for (const char* name : {"bf16-split", "bf16-master", "f16"}) {
    const std::vector<float> found = train(context, name);
    if (found.size() == expected.size() &&
        std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)) == 0) {
      continue;
    }
    std::fprintf(stderr, "precision_test: %s and f32 differ\n", name);
    ++failures;
  }
  if (train(context, "bf16") == expected) {
    std::fprintf(stderr, "precision_test: bf16 and f32 do not differ, so nothing was compared\n");
    ++failures;
  }
  return failures;
}

}  // namespace

int main() {
  try {
    return compare() == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "precision_test: %s\n", error.what());
    return 1;
  }
}

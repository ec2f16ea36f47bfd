// SPDX-License-Identifier: Apache-2.0
#include "step/pass_run.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "base/round_up.hpp"
#include "step/list_pieces.hpp"
#include "step/pass_tensor.hpp"
#include "step/prepared_kernels.hpp"

namespace gradstep::internal {
namespace {

using request_span = std::span<step_request>;

/// A tensor of no more elements takes all its passes one after the other, in the cache.
constexpr std::size_t whole_elements = 65536;

bool is_small(const step_request& r, std::size_t index) {
  return !r.rule.sums_over_all() && r.tensors.count(index) <= whole_elements;
}

// ---- Units of work over several lists -----------------------------------------------------------

/// A tensor of one of the lists.
struct tensor_place {
  std::size_t request = 0, index = 0;
  bool operator==(const tensor_place&) const = default;
};

/// Walks forward through the tensors of all lists. units_of(request, index) is a tensor's number of
/// units.
template <class UnitsOf>
class unit_walk {
 public:
  unit_walk(request_span requests, const UnitsOf& units_of)
      : requests_(requests), units_of_(units_of) {
    find_tensor();
  }

  bool is_at_end() const { return at_.request == requests_.size(); }
  const tensor_place& place() const { return at_; }
  std::size_t first() const { return first_; }
  std::size_t count() const { return count_; }

  /// Moves to the tensor that holds a unit. The number never goes down.
  void advance_to(std::size_t unit) {
    while (unit - first_ >= count_) next();
  }
  void next() {
    first_ += count_;
    ++at_.index;
    find_tensor();
  }

 private:
  void find_tensor() {
    while (!is_at_end() && at_.index == requests_[at_.request].tensors.size()) {
      at_ = {at_.request + 1, 0};
    }
    count_ = is_at_end() ? 0 : units_of_(requests_[at_.request], at_.index);
  }

  request_span requests_;
  const UnitsOf& units_of_;
  tensor_place at_;
  std::size_t first_ = 0, count_ = 0;
};

/// A tensor that is read when it is first needed.
class current_tensor {
 public:
  const pass_tensor& at(request_span requests, const tensor_place& place) {
    if (!is_read_ || !(place == place_)) {
      tensor_.read(requests[place.request], place.index);
      place_ = place;
      is_read_ = true;
    }
    return tensor_;
  }

 private:
  pass_tensor tensor_;
  tensor_place place_;
  bool is_read_ = false;
};

// ---- The executor -------------------------------------------------------------------------------

class pass_run {
 public:
  pass_run(const context& c, request_span requests) : context_(c), requests_(requests) {
    for (const step_request& r : requests) {
      for (std::size_t i = 0; i < r.tensors.size(); ++i) {
        const std::size_t count = r.tensors.count(i);
        total_ += count;
        (is_small(r, i) ? small_ : large_) += count;
      }
    }
    is_serial_ = total_ == 0 || list_pieces(c, total_).is_serial();
  }

  pass_outcome run() {
    if (total_ == 0) return {};
    if (is_serial_ && !requests_[0].rule.sums_over_all()) {
      run_small([](const step_request& r, std::size_t i) { return r.tensors.count(i); });
      return {1, false};
    }
    if (small_ != 0) {
      run_small([](const step_request& r, std::size_t i) {
        return is_small(r, i) ? r.tensors.count(i) : 0;
      });
    }
    const bool goes_on = large_ == 0 || run_large();
    return {is_serial_ ? 1 : piece_count_, !goes_on};
  }

 private:
  /// Runs use(tensor, unit) for all units of the tensors.
  template <class UnitsOf, class Use>
  void for_units(const UnitsOf& units_of, const Use& use) {
    std::size_t count = 0;
    for (unit_walk walk(requests_, units_of); !walk.is_at_end(); walk.next()) count += walk.count();
    piece_count_ += count;
    run_pieces(context_, count, is_serial_, [&](piece_claims& claims) {
      unit_walk walk(requests_, units_of);
      current_tensor tensor;
      for (std::size_t unit = 0; claims.claim(unit);) {
        walk.advance_to(unit);
        use(tensor.at(requests_, walk.place()), unit - walk.first());
      }
    });
  }

  /// Calls use(tensor, request) for each tensor of the large ones, on the calling thread.
  template <class Use>
  void for_each_large(const Use& use) {
    pass_tensor tensor;
    for (const step_request& r : requests_) {
      for (std::size_t i = 0; i < r.tensors.size(); ++i) {
        if (r.tensors.count(i) == 0 || is_small(r, i)) continue;
        tensor.read(r, i);
        use(tensor, r);
      }
    }
  }

  /// All passes of each tensor at once. A tensor belongs to the piece in which it begins.
  template <class CountOf>
  void run_small(const CountOf& count_of) {
    const list_pieces pieces(context_, std::max<std::size_t>(small_, 1));
    const std::size_t size = is_serial_ ? total_ : pieces.size();
    const std::size_t total = is_serial_ ? total_ : small_;
    const std::size_t count = total / size + (total % size != 0);
    piece_count_ += count;
    run_pieces(context_, count, is_serial_, [&](piece_claims& claims) {
      unit_walk walk(requests_, count_of);
      std::size_t request = SIZE_MAX;
      std::optional<tensor_constants> constants;
      pass_tensor tensor;
      for (std::size_t piece = 0; claims.claim(piece);) {
        const std::size_t begin = piece * size, end = std::min(total, begin + size);
        while (!walk.is_at_end() && walk.first() < begin) walk.next();
        for (; !walk.is_at_end() && walk.first() < end; walk.next()) {
          if (walk.count() == 0) continue;
          const auto& [r, index] = walk.place();
          if (r != request) constants.emplace(context_, requests_[r], total_);
          request = r;
          tensor.read(requests_[r], index);
          tensor.run_all(*constants);
        }
      }
    });
  }

  /// Pass by pass over all large tensors. false: the step stops.
  bool run_large() {
    begin_large();
    const auto tiles_of = [&](const step_request& r, std::size_t i) {
      if (r.tensors.count(i) == 0 || is_small(r, i)) return std::size_t{0};
      return pass_workspace(r.rule, r.values, r.tensors.shape(i)).tiles().size();
    };
    for (std::size_t pass = 0; pass < pass_count_; ++pass) {
      for_units(tiles_of, [&](const pass_tensor& t, std::size_t tile) {
        if (pass < t.pass_count()) t.sum_tile(pass, tile);
      });
      if (!finish_large(pass)) return false;
    }
    const std::size_t size = block_size();
    const auto blocks_of = [&](const step_request& r, std::size_t i) {
      return is_small(r, i) ? 0 : r.tensors.count(i) / size + (r.tensors.count(i) % size != 0);
    };
    for_units(blocks_of, [&](const pass_tensor& t, std::size_t block) {
      t.run_last(block * size, std::min((block + 1) * size, t.count()));
    });
    for_each_large([](const pass_tensor& t, const step_request&) { t.commit(); });
    return true;
  }

  void begin_large() {
    const step_request* request = nullptr;
    std::optional<tensor_constants> constants;
    for_each_large([&](const pass_tensor& t, const step_request& r) {
      if (&r != request) constants.emplace(context_, r, total_);
      request = &r;
      t.begin(*constants);
      pass_count_ = std::max(pass_count_, t.pass_count());
    });
  }

  bool finish_large(std::size_t pass) {
    const auto has_pass = [pass](const pass_tensor& t) { return pass < t.pass_count(); };
    for_each_large([&](const pass_tensor& t, const step_request&) {
      if (has_pass(t)) t.add_tiles(pass);
    });
    if (requests_[0].rule.sums_over_all()) add_tensors();
    bool goes_on = true;
    for_each_large([&](const pass_tensor& t, const step_request&) {
      if (has_pass(t)) goes_on &= t.finish(pass);
    });
    return goes_on;
  }

  /// Adds the totals of all tensors, and gives every tensor the sums.
  void add_tensors() {
    double totals[max_sums] = {};
    pass_tensor tensor;
    for (step_request& r : requests_) r.cursor = 0;
    while (step_request* const r = next_to_add()) {
      const std::size_t index = r->cursor++;
      if (r->tensors.count(index) == 0) continue;
      tensor.read(*r, index);
      for (std::size_t k = 0; k < max_sums; ++k) totals[k] += tensor.state().totals[k];
    }
    for_each_large([&](const pass_tensor& t, const step_request&) {
      std::copy_n(totals, max_sums, t.state().totals);
    });
  }

  /// The request whose next tensor comes first in the array; null: all are added.
  step_request* next_to_add() {
    step_request* next = nullptr;
    const auto index = [](const step_request& r) { return r.tensors.index_in_array(r.cursor); };
    for (step_request& r : requests_) {
      if (r.cursor == r.tensors.size()) continue;
      if (next == nullptr || index(r) < index(*next)) next = &r;
    }
    return next;
  }

  /// The elements of a piece of the last pass: whole blocks of 8-bit slots.
  std::size_t block_size() const {
    return round_up(list_pieces(context_, large_).size(), block_elements);
  }

  const context& context_;
  request_span requests_;
  std::size_t total_ = 0, small_ = 0, large_ = 0;  // elements
  std::size_t pass_count_ = 0;                     // of large tensors
  std::uint64_t piece_count_ = 0;
  bool is_serial_;
};

}  // namespace

pass_outcome update_in_passes(const context& c, std::span<step_request> requests) noexcept {
  return pass_run(c, requests).run();
}

}  // namespace gradstep::internal

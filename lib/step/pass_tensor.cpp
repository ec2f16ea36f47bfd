// SPDX-License-Identifier: Apache-2.0
#include "step/pass_tensor.hpp"

#include <algorithm>

#include "kernels/loops/range_part.hpp"
#include "step/ranges.hpp"

namespace gradstep::internal {
namespace {

tensor_shape flat(const tensor& t) { return {t.count, 0, 0}; }

/// One number of a row or column slot, which is of the type of the arithmetic.
void store_number(const operand& slot, std::size_t i, double value) {
  if (slot.type == dtype::float64) {
    static_cast<double*>(slot.data)[i] = value;
  } else {
    static_cast<float*>(slot.data)[i] = static_cast<float>(value);
  }
}

}  // namespace

void pass_tensor::read(const step_request& request, std::size_t index) {
  request_ = &request;
  const tensor_shape shape = request.tensors.shape(index);
  read_for_step(request, request.rule.used_slots(request.values, shape.is_matrix()), index,
                tensor_);
  workspace_ = pass_workspace(request.rule, request.values, shape);
  workspace_.place(request.workspaces != nullptr ? request.workspaces[index]
                                                 : static_cast<std::byte*>(tensor_.workspace));
}

void pass_tensor::begin(tensor_constants& constants) const {
  constants.prepare_for(tensor_);
  pass_state& s = state();
  s.kernel = &constants.kernel();
  s.prepared = constants.prepared();
  s.before = constants.before();
  s.after = constants.after();
}

/// Elements of the tensor, with line slots as later passes see them.
step_range pass_tensor::range_of(std::size_t from, std::size_t to) const {
  auto range = static_cast<const step_range&>(tensor_);
  range.line_slots = workspace_.line_slots();
  for (std::size_t s = 0; s < range.slot_count; ++s) {
    if ((range.line_slots >> s & 1) != 0) range.slots[s].data = workspace_.seen_lines(s);
  }
  cut_to(range, from, to);
  return range;
}

void pass_tensor::sum_tile(std::size_t pass, std::size_t n) const {
  const tile t = workspace_.tiles()[n];
  const pass_info& info = workspace_.passes().passes[pass];
  pass_sums sums{};
  sums.line_count = t.lines;
  sums.line_length = t.line_length;
  sums.lines_apart = t.is_gapless ? t.line_length : tensor_.columns;
  const bool is_flat = workspace_.line_slots() == 0;
  sums.columns_apart = is_flat ? 0 : tensor_.columns;
  for (std::size_t k = 0; k < info.sum_count; ++k) {
    workspace_.tile_total(n, k) = 0;
    sums.totals[k] = &workspace_.tile_total(n, k);
  }
  for (std::size_t s = 0; s < tensor_.slot_count; ++s) {
    const slot& line = request_->rule.info->slots[s];
    if ((workspace_.line_slots() >> s & 1) == 0 || line.pass != pass) continue;
    if (line.extent == slot_extent::row) {
      sums.rows[line.sum] = workspace_.line_sums(s, t.column_block) + t.row;
    } else {
      double* const columns =
          workspace_.line_sums(s, t.row_block) + t.matrix * tensor_.columns + t.column;
      sums.columns[line.sum] = columns;
      const std::size_t matrices = t.is_gapless ? (t.lines - 1) / tensor_.rows + 1 : 1;
      std::fill_n(columns, (matrices - 1) * tensor_.columns + t.line_length, 0.0);
    }
  }
  const std::size_t end = t.first + (t.lines - 1) * sums.lines_apart + t.line_length;
  state().kernel->passes[pass].sum(state().prepared, range_of(t.first, end), sums);
}

void pass_tensor::add_tiles(std::size_t pass) const {
  const pass_info& info = workspace_.passes().passes[pass];
  for (std::size_t k = 0; k < info.sum_count; ++k) {
    add_in_tree(tile_count(), [&](std::size_t i, std::size_t j) {
      workspace_.tile_total(i, k) += workspace_.tile_total(j, k);
    });
    state().totals[k] = workspace_.tile_total(0, k);
  }
  for (std::size_t s = 0; s < tensor_.slot_count; ++s) {
    const bool is_line = (workspace_.line_slots() >> s & 1) != 0;
    if (!is_line || request_->rule.info->slots[s].pass != pass) continue;
    add_line_slot(s);
    finish_line_slot(pass, s);
  }
}

void pass_tensor::add_line_slot(std::size_t s) const {
  const bool is_row = request_->rule.info->slots[s].extent == slot_extent::row;
  const tile_grid& tiles = workspace_.tiles();
  const std::size_t blocks = is_row ? tiles.column_blocks() : tiles.row_blocks();
  // A few numbers of all blocks at a time stay in the cache.
  constexpr std::size_t at_a_time = 256;
  const std::size_t count = workspace_.line_count(s);
  for (std::size_t from = 0; from < count && blocks > 1; from += at_a_time) {
    const std::size_t n = std::min(at_a_time, count - from);
    add_in_tree(blocks, [&](std::size_t i, std::size_t j) {
      double* const to = workspace_.line_sums(s, i) + from;
      const double* const added = workspace_.line_sums(s, j) + from;
      for (std::size_t k = 0; k < n; ++k) to[k] += added[k];
    });
  }
}

void pass_tensor::finish_line_slot(std::size_t pass, std::size_t s) const {
  const pass_kernel& kernel = state().kernel->passes[pass];
  const bool is_row = request_->rule.info->slots[s].extent == slot_extent::row;
  const std::size_t count = is_row ? tensor_.rows : tensor_.columns;
  const prepare_request of = request_for(*request_, tensor_, state().before, state().after);
  const std::size_t size = size_of(tensor_.slots[s].type);
  for (std::size_t first = 0; first < workspace_.line_count(s); first += count) {
    kernel.finish_lines({.of = of,
                         .shape = shape_of(tensor_),
                         .slot = s,
                         .count = count,
                         .old = static_cast<const char*>(tensor_.slots[s].data) + first * size,
                         .values = workspace_.line_sums(s, 0) + first,
                         .seen = static_cast<char*>(workspace_.seen_lines(s)) + first * size});
  }
}

bool pass_tensor::finish(std::size_t pass) const {
  pass_state& s = state();
  const prepare_request of = request_for(*request_, tensor_, s.before, s.after);
  const tensor_shape shape = workspace_.line_slots() != 0 ? shape_of(tensor_) : flat(tensor_);
  return s.kernel->passes[pass].finish(of, shape, s.totals, s.prepared);
}

void pass_tensor::run_last(std::size_t from, std::size_t to) const {
  const pass_state& s = state();
  run_kernel(*s.kernel, s.prepared, range_of(from, to));
}

void pass_tensor::commit_line_slot(std::size_t s) const {
  const double* const values = workspace_.line_sums(s, 0);
  for (std::size_t i = 0; i < workspace_.line_count(s); ++i) {
    store_number(tensor_.slots[s], i, values[i]);
  }
}

void pass_tensor::commit() const {
  for (std::size_t s = 0; s < tensor_.slot_count; ++s) {
    if ((workspace_.line_slots() >> s & 1) != 0) commit_line_slot(s);
  }
  store_scalars(*request_, tensor_, state().after);
}

void pass_tensor::run_all(tensor_constants& constants) {
  // A small tensor's directions stay in the nearest cache until its last pass.
  constexpr std::size_t direction_bytes = 16384, room = 64 * sizeof(double);
  alignas(64) std::byte directions[direction_bytes + room];
  const dtype type = computed_type(tensor_.param.type);
  if (tensor_.count * size_of(type) <= direction_bytes) {
    tensor_.directions = directions;
  }
  begin(constants);
  for (std::size_t pass = 0; pass < pass_count(); ++pass) {
    for (std::size_t n = 0; n < tile_count(); ++n) sum_tile(pass, n);
    add_tiles(pass);
    finish(pass);
  }
  run_last(0, count());
  commit();
  tensor_.directions = nullptr;
}

}  // namespace gradstep::internal

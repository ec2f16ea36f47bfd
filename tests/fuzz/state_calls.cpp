// SPDX-License-Identifier: Apache-2.0
//
// Calls about what an optimizer holds: settings, averages, arrays, scalars, notes, checkpoints.
#include <filesystem>
#include <vector>

#include "fuzz/call_world.hpp"
#include "fuzz/hostile_tensor.hpp"
#include "support/scratch_folder.hpp"

namespace gradstep_test {
namespace {

using w = call_world;

template <class T>
constexpr auto out = &w::output<T>;
template <class Struct>
constexpr auto info = &w::output_struct<Struct>;

// ---- Settings ---------------------------------------------------------------------------------

void set_hyperparameter(call_world& world) {
  world.make("gradstep_optimizer_set_hyperparameter", gradstep_optimizer_set_hyperparameter,
             &w::optimizer, &w::index, &w::hyperparameter_name, &w::real);
}
void get_hyperparameter(call_world& world) {
  world.make("gradstep_optimizer_get_hyperparameter", gradstep_optimizer_get_hyperparameter,
             &w::optimizer, &w::index, &w::hyperparameter_name, out<double>);
}
void set_schedule(call_world& world) {
  world.make("gradstep_optimizer_set_schedule", gradstep_optimizer_set_schedule, &w::optimizer,
             &w::index, &w::schedule);
}
void set_plateau(call_world& world) {
  gradstep_plateau plateau{};
  plateau.struct_size = sizeof plateau;
  gradstep_plateau_init(&plateau, 0.5);
  if (world.in.chance(64)) plateau.factor = world.real();
  if (world.in.chance(64)) plateau.lr = plateau.best = world.real();
  if (world.in.chance(64)) plateau.patience = world.size();
  if (world.in.chance(32)) plateau.maximizes = world.small_integer();
  auto* const optimizer = world.optimizer();
  const std::size_t group = world.index();
  const auto* const given = world.given_struct(plateau);
  world.check("gradstep_optimizer_set_plateau",
              [&] { return gradstep_optimizer_set_plateau(optimizer, group, given); });
}
void get_plateau(call_world& world) {
  world.make("gradstep_optimizer_get_plateau", gradstep_optimizer_get_plateau, &w::optimizer,
             &w::index, info<gradstep_plateau>);
}
void report_metric(call_world& world) {
  world.make("gradstep_optimizer_report_metric", gradstep_optimizer_report_metric, &w::optimizer,
             &w::real, out<std::size_t>);
}
void set_group_max_norm(call_world& world) {
  world.make("gradstep_optimizer_set_group_max_norm", gradstep_optimizer_set_group_max_norm,
             &w::optimizer, &w::index, &w::real);
}
void set_loss_scaler(call_world& world) {
  gradstep_loss_scaler scaler{};
  scaler.struct_size = sizeof scaler;
  gradstep_loss_scaler_init(&scaler);
  if (world.in.chance(64)) scaler.scale = world.real();
  if (world.in.chance(64)) scaler.growth_interval = world.size();
  if (world.in.chance(64)) scaler.backoff_factor = world.real();
  auto* const optimizer = world.optimizer();
  const auto* const given = world.given_struct(scaler);
  world.check("gradstep_optimizer_set_loss_scaler",
              [&] { return gradstep_optimizer_set_loss_scaler(optimizer, given); });
}
void get_loss_scaler(call_world& world) {
  world.make("gradstep_optimizer_get_loss_scaler", gradstep_optimizer_get_loss_scaler,
             &w::optimizer, info<gradstep_loss_scaler>);
}

// ---- Averages, counts, scalars, transforms ----------------------------------------------------

void transform(call_world& world) {
  world.make("gradstep_optimizer_transform", gradstep_optimizer_transform, &w::optimizer, &w::index,
             &w::transform_name);
}
void start_average(call_world& world) {
  world.make("gradstep_optimizer_start_average", gradstep_optimizer_start_average, &w::optimizer,
             &w::index);
}
void set_average_count(call_world& world) {
  world.make("gradstep_optimizer_set_average_count", gradstep_optimizer_set_average_count,
             &w::optimizer, &w::index, &w::size);
}
void set_step_count(call_world& world) {
  world.make("gradstep_optimizer_set_step_count", gradstep_optimizer_set_step_count, &w::optimizer,
             &w::size);
}
void set_tensor_step_count(call_world& world) {
  world.make("gradstep_optimizer_set_tensor_step_count", gradstep_optimizer_set_tensor_step_count,
             &w::optimizer, &w::index, &w::size);
}
void set_scalar(call_world& world) {
  world.make("gradstep_optimizer_set_scalar", gradstep_optimizer_set_scalar, &w::optimizer,
             &w::index, &w::scalar_name, &w::real);
}
void get_scalar(call_world& world) {
  world.make("gradstep_optimizer_get_scalar", gradstep_optimizer_get_scalar, &w::optimizer,
             &w::index, &w::scalar_name, out<double>);
}

// ---- Arrays -----------------------------------------------------------------------------------

/// Reads every element that the array says to have.
void get_array(call_world& world) {
  auto* const optimizer = world.optimizer();
  const std::size_t tensor = world.index();
  const char* const name = world.slot_name();
  auto* const array = world.output<gradstep_array>();
  auto* const count = world.output<std::size_t>();
  const auto status = world.check("gradstep_optimizer_get_array", [&] {
    return gradstep_optimizer_get_array(optimizer, tensor, name, array, count);
  });
  if (status != GRADSTEP_OK || count == nullptr || array->pitch != 0) return;
  std::vector<double> values(*count);
  check_that(gradstep_array_read(array, *count, values.data()) == GRADSTEP_OK,
             gradstep_last_error());
}

void convert_array(call_world& world) {
  auto* const optimizer = world.optimizer();
  const std::size_t tensor = world.index();
  const char* const name = world.slot_name();
  gradstep_array own{};
  std::size_t count = 0;
  gradstep_optimizer_get_array(optimizer, tensor, name, &own, &count);
  if (world.in.chance(16)) count = world.size();
  constexpr std::int32_t dtypes[] = {1, 2, 3, 4, 5, 6, 0, 7};
  gradstep_array a = make_array(world, world.in.one_of(dtypes), count);
  if (world.in.chance(8)) a = own;
  if (world.in.chance(4)) a.extra = nullptr;
  if (world.in.chance(4)) a.pitch = 1;
  const auto* const given = world.in.chance(4) ? nullptr : world.memory.copy(&a, 1);
  if (world.in.chance(128)) {
    world.check("gradstep_optimizer_export_array", [&] {
      return gradstep_optimizer_export_array(optimizer, tensor, name, given, count);
    });
  } else {
    world.check("gradstep_optimizer_import_array", [&] {
      return gradstep_optimizer_import_array(optimizer, tensor, name, given, count);
    });
  }
}

// ---- Notes ------------------------------------------------------------------------------------

void set_note(call_world& world) {
  world.make("gradstep_optimizer_set_note", gradstep_optimizer_set_note, &w::optimizer,
             &w::given_name, &w::given_name);
}
void get_note(call_world& world) {
  world.make("gradstep_optimizer_get_note", gradstep_optimizer_get_note, &w::optimizer,
             &w::given_name, out<const char*>);
}
void count_notes(call_world& world) {
  world.make("gradstep_optimizer_note_count", gradstep_optimizer_note_count, &w::optimizer,
             out<std::size_t>);
}
void note_at(call_world& world) {
  world.make("gradstep_optimizer_note_at", gradstep_optimizer_note_at, &w::optimizer, &w::index,
             out<const char*>, out<const char*>);
}

// ---- Checkpoints ------------------------------------------------------------------------------

/// A file that may be written, a folder that is not there, "" or NULL.
const char* path_of(call_world& world) {
  static const scratch_folder folder;
  static const std::vector<std::string> paths = {folder / "state", folder / "no/state",
                                                 folder.path(), ""};
  const std::uint8_t choice = world.in.byte();
  if (choice == 255) return nullptr;
  const auto& path = paths[choice % paths.size()];
  return world.memory.copy(path.c_str(), path.size() + 1);
}

/// A stream of bytes. In a call on an optimizer it makes other calls on that optimizer.
struct byte_stream {
  std::string bytes;
  gradstep_optimizer* optimizer;
  std::size_t fails_after;
  std::size_t calls = 0;

  bool fails() {
    std::size_t index = 0;
    if (optimizer != nullptr) {
      check_that(gradstep_optimizer_find_tensor(optimizer, "t0", &index) != GRADSTEP_BUSY,
                 "an immediate call is busy");
      check_that(gradstep_optimizer_remove_tensor(optimizer, index) == GRADSTEP_BUSY,
                 "a call within a call is not busy");
      set_marker();
    }
    return calls++ >= fails_after;
  }
};

std::int32_t write_bytes_of(void* stream, const void* bytes, std::size_t size) {
  auto& to = *static_cast<byte_stream*>(stream);
  to.bytes.append(static_cast<const char*>(bytes), size);
  return to.fails() ? 7 : 0;
}
std::int32_t read_bytes_of(void* stream, std::uint64_t offset, void* bytes, std::size_t size) {
  auto& from = *static_cast<byte_stream*>(stream);
  check_that(offset <= from.bytes.size() && size <= from.bytes.size() - offset,
             "a load reads beyond the end of its stream");
  std::memcpy(bytes, from.bytes.data() + offset, size);
  if (from.calls == 9) static_cast<char*>(bytes)[0] ^= 1;  // bytes that change
  return from.fails() ? -7 : 0;
}

void save_to(call_world& world) {
  auto* const optimizer = world.optimizer();
  byte_stream stream{{}, optimizer, world.in.chance(64) ? world.in.below(4) : SIZE_MAX};
  gradstep_save_options options{};
  options.flags = world.in.chance(32) ? world.size() : GRADSTEP_CHECKPOINT_PARAMS;
  const std::uint8_t place = world.in.byte();
  if (place % 4 == 1) options.write = write_bytes_of;
  if (place % 4 == 1 || place >= 250) options.stream = &stream;
  if (place % 4 == 2) options.path = path_of(world);
  if (place % 4 == 3) {
    options.memory_size = world.in.chance(64) ? world.in.byte() : checkpoint_of(optimizer).size();
    options.memory = world.memory.block(options.memory_size);
  }
  const auto* const given = world.given_struct(options);
  auto* const size = world.output<std::uint64_t>();
  const auto status = world.check("gradstep_optimizer_save_to", [&] {
    return gradstep_optimizer_save_to(optimizer, given, size);
  });
  if (status == GRADSTEP_OK && options.write != nullptr) world.saved.push_back(stream.bytes);
  if (world.saved.size() < 4) world.saved.push_back(checkpoint_of(optimizer));
}
void save(call_world& world) {
  world.make(
      "gradstep_optimizer_save", gradstep_optimizer_save, &w::optimizer,
      [](call_world* each) { return path_of(*each); }, &w::index);
}
void load(call_world& world) {
  world.make(
      "gradstep_optimizer_load", gradstep_optimizer_load, &w::optimizer,
      [](call_world* each) { return path_of(*each); }, &w::index, info<gradstep_load_result>);
}

/// One of the checkpoints of this sequence, perhaps damaged.
std::string some_checkpoint(call_world& world) {
  if (world.saved.empty()) return {};
  std::string bytes = world.saved[world.in.below(world.saved.size())];
  if (world.in.chance(32)) bytes.resize(std::min<std::size_t>(bytes.size(), world.in.byte()));
  if (world.in.chance(48) && !bytes.empty()) {
    bytes[world.in.number<std::uint16_t>() % bytes.size()] ^= static_cast<char>(world.in.byte());
  }
  return bytes;
}

void load_from(call_world& world) {
  auto* const optimizer = world.optimizer();
  byte_stream stream{some_checkpoint(world), optimizer,
                     world.in.chance(64) ? world.in.below(8) : SIZE_MAX};
  gradstep_load_options options{};
  options.flags = world.in.byte() % 33;
  const std::uint8_t place = world.in.byte();
  if (place % 4 == 1) {
    options.read = read_bytes_of;
    options.stream = &stream;
    options.stream_size = stream.bytes.size();
  } else if (place % 4 == 2) {
    options.path = path_of(world);
  } else {
    options.memory = world.memory.copy(stream.bytes.data(), stream.bytes.size());
    options.memory_size = stream.bytes.size();
  }
  if (world.in.chance(48)) options.file_prefix = world.given_name();
  if (world.in.chance(48)) options.prefix = world.given_name();
  const auto* const given = world.given_struct(options);
  auto* const result = world.output_struct<gradstep_load_result>();
  world.check("gradstep_optimizer_load_from",
              [&] { return gradstep_optimizer_load_from(optimizer, given, result); });
}

/// An optimizer can load what it has saved, and is then the same.
void load_own_checkpoint(call_world& world) {
  auto* const optimizer = world.optimizer();
  const std::string bytes = checkpoint_of(optimizer);
  if (bytes.empty()) return;
  gradstep_load_options options{};
  options.struct_size = sizeof options;
  options.flags = GRADSTEP_CHECKPOINT_PARAMS;
  options.memory = bytes.data();
  options.memory_size = bytes.size();
  const auto status = world.check("gradstep_optimizer_load_from", [&] {
    return gradstep_optimizer_load_from(optimizer, &options, nullptr);
  });
  check_that(status == GRADSTEP_OK, std::string("cannot load its own: ") + gradstep_last_error());
  check_that(checkpoint_of(optimizer) == bytes, "loading its own checkpoint changes an optimizer");
}

constexpr call_maker makers[] = {set_hyperparameter,
                                 load_own_checkpoint,
                                 save_to,
                                 load_from,
                                 set_schedule,
                                 set_plateau,
                                 report_metric,
                                 set_loss_scaler,
                                 transform,
                                 start_average,
                                 set_average_count,
                                 set_step_count,
                                 set_tensor_step_count,
                                 set_scalar,
                                 get_scalar,
                                 get_array,
                                 convert_array,
                                 set_note,
                                 get_note,
                                 count_notes,
                                 note_at,
                                 save,
                                 load,
                                 get_hyperparameter,
                                 get_plateau,
                                 get_loss_scaler,
                                 set_group_max_norm};

}  // namespace

std::span<const call_maker> state_calls() { return makers; }

}  // namespace gradstep_test

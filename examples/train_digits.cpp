// SPDX-License-Identifier: Apache-2.0
//
// Trains a small network on handwritten digits, once with each method of the library, or once in
// each precision, and compares the results. One call per step updates all tensors of the network,
// clips, averages and scales the loss; see digits/updater.hpp. An interrupted run can go on from
// its checkpoint, and ends with the same bits.
#include <CLI/CLI.hpp>
#include <Eigen/Core>
#include <gradstep/gradstep.hpp>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "command_line.hpp"
#include "digits/dataset.hpp"
#include "digits/interruption.hpp"
#include "digits/methods.hpp"
#include "digits/precision.hpp"
#include "digits/progress_bar.hpp"
#include "digits/report.hpp"
#include "digits/schedule_choice.hpp"
#include "digits/training.hpp"
#include "digits/training_options.hpp"
#include "output_file.hpp"

namespace {

struct arguments {
  std::string rule;  // empty: all
  std::vector<gradstep::setting> settings;
  std::string precision = "f32";
  digits::training_options training;
  digits::schedule_choice schedule;
  std::string data = EXAMPLES_DIGITS_CSV;
  std::string csv;
};

const char* precision_help() {
  return "the arrays of the training, as params / gradients / slots:\n"
         "f32 (default)  float32 throughout\n"
         "bf16           bfloat16 throughout, params rounded at random\n"
         "bf16-split     bfloat16 + lower halves / bfloat16 / float32\n"
         "bf16-master    float32 + bfloat16 copy / bfloat16 / float32\n"
         "f16            float32 + float16 copy / float16 / float32, with --loss-scale\n"
         "state-bf16     float32 / float32 / bfloat16\n"
         "state-8bit     float32 / float32 / 8 bits (float32 for small tensors)\n"
         "all            each of these, with the method of --rule\n"
         "the network computes with the copy, else with the params without their lower halves";
}

void declare_schedule_and_checkpoint(CLI::App& app, arguments& a) {
  examples::add_name_option(app, "--schedule", a.schedule.name,
                            "the rate as a function of the step, one for each batch:\n" +
                                examples::join(examples::schedule_names()),
                            "NAME");
  examples::add_set_option(app, a.schedule.settings,
                           "a parameter of the schedule, in steps where it is a time; total_steps "
                           "is, unless set, the rest of the run after warmup_steps",
                           "--schedule-set");
  examples::add_list_option(app, a.schedule.lists, "--schedule-list");
  examples::add_name_option(
      app, "--checkpoint", a.training.checkpoint,
      "save the training to this file, which does not exist, at the start, after each epoch, and "
      "when it is interrupted (Ctrl-C, SIGTERM, SIGHUP; the second time it ends without saving)",
      "FILE");
  app.add_flag("--resume", a.training.resumes,
               "go on from the file of --checkpoint, with the other options as they were; "
               "--epochs may differ, where the schedule's total_steps does not come from it");
}

void declare(CLI::App& app, arguments& a) {
  std::vector<std::string> names;
  for (const digits::method& m : digits::known_methods()) names.push_back(m.name);
  app.add_option("--rule", a.rule,
                 "train with this one: " + examples::join(names) +
                     ",\nor any other rule of the library, at its defaults (default: all of these)")
      ->type_name("NAME");
  examples::add_set_option(app, a.settings);
  examples::add_count_option(app, "--epochs", a.training.epochs, 0, 100'000,
                             "times over the training part");
  examples::add_count_option(app, "--batch", a.training.batch, 1, 1'000'000, "images in a batch");
  examples::add_count_option(app, "--seed", a.training.seed, 0, UINT64_MAX,
                             "of the split, the first weights and the batches");
  app.add_option("--precision", a.precision, precision_help())->type_name("NAME");
  examples::add_number_option(
      app, "--clip-norm", [&a](double x) { a.training.clip_norm = x; },
      [](double x) { return x > 0; }, "above 0", "scale gradients whose norm is larger down to it");
  examples::add_number_option(
      app, "--ema", [&a](double x) { a.training.ema = x; },
      [](double x) { return 0 <= x && x <= 1; }, "from 0 to 1",
      "keep a moving average of the weights with this decay, and test it too");
  app.add_flag("--loss-scale", a.training.loss_scale,
               "multiply the loss by a dynamic scale, as f16 always does");
  declare_schedule_and_checkpoint(app, a);
  examples::add_name_option(app, "--csv", a.csv,
                            "write the loss on the training part after each epoch to this file, at "
                            "the end or when interrupted; --resume keeps the epochs that are in it",
                            "FILE");
  examples::add_name_option(app, "--data", a.data,
                            "the images (default: the examples' data/digits.csv)", "FILE");
}

/// Throws, before any training, if the schedule drives momentum and a method's rule has none.
void check_schedule(const gradstep::context& context, const std::vector<digits::method>& methods,
                    const digits::training_options& training) {
  gradstep::optimizer checked(context);
  for (const digits::method& m : methods) {
    checked.add_group(m.name, gradstep::rule(m.rule, m.settings), training.schedule.get());
  }
}

std::vector<digits::method> choose_methods(const arguments& a) {
  std::vector<digits::method> methods = digits::known_methods();
  if (!a.rule.empty()) methods = {digits::find_method(a.rule)};
  for (digits::method& m : methods) {
    m = digits::with_settings(m, a.settings);
    const gradstep::rule checked(m.rule, m.settings);  // throws before any training
  }
  return methods;
}

/// The word as one types it in a shell, in quotes if necessary.
std::string quote(const std::string& word) {
  bool is_plain = !word.empty();
  std::string quoted;
  for (const char c : word) {
    const bool is_letter = std::isalnum(static_cast<unsigned char>(c)) != 0;
    is_plain = is_plain && (is_letter || std::strchr("_-+=./,:@%", c) != nullptr);
    quoted += c == '\'' ? "'\\''" : std::string(1, c);
  }
  return is_plain ? word : "'" + quoted + "'";
}

std::span<char*> command_line;  // its words

/// The command that resumes this training.
std::string resume_command() {
  std::vector<std::string> words(command_line.begin(), command_line.end());
  if (std::find(words.begin(), words.end(), "--resume") == words.end()) {
    words.emplace_back("--resume");
  }
  std::transform(words.begin(), words.end(), words.begin(), quote);
  return examples::join(words, " ");
}

/// Throws if two options name the same file: one would overwrite the other.
void check_files(const arguments& a) {
  const std::pair<const char*, const std::string&> files[] = {
      {"--data", a.data}, {"--csv", a.csv}, {"--checkpoint", a.training.checkpoint}};
  for (const auto& [option, path] : files) {
    for (const auto& [other, other_path] : files) {
      if (option >= other || path.empty() || other_path.empty()) continue;
      if (std::filesystem::weakly_canonical(path) ==
          std::filesystem::weakly_canonical(other_path)) {
        throw std::runtime_error(std::string(option) + " and " + other + " are the same file, '" +
                                 path + "'");
      }
    }
  }
}

void check_checkpoint(const digits::training_options& training, std::size_t training_count) {
  if (training.resumes && training.checkpoint.empty()) {
    throw std::runtime_error("--resume: say with --checkpoint from which file");
  }
  if (!training.checkpoint.empty() && training_count > 1) {
    throw std::runtime_error("--checkpoint is of one training, and these are " +
                             std::to_string(training_count) +
                             ": say which with --rule and --precision");
  }
}

void print_heading(const arguments& a, const digits::parts& data, const std::string& what) {
  std::printf(
      "%lld images to learn from, %lld for the test; epochs %llu, batch %llu, seed %llu, %s%s%s\n",
      static_cast<long long>(data.training.size()), static_cast<long long>(data.test.size()),
      static_cast<unsigned long long>(a.training.epochs),
      static_cast<unsigned long long>(a.training.batch),
      static_cast<unsigned long long>(a.training.seed), what.c_str(),
      a.schedule.name.empty() ? "" : ", ", a.schedule.name.c_str());
}

/// Adds an outcome per training. If a training is interrupted, its outcome is the last one.
void train_all(const gradstep::context& context, const std::vector<digits::method>& methods,
               const std::vector<digits::precision>& precisions, const digits::parts& data,
               const digits::training_options& training, std::vector<digits::outcome>& outcomes) {
  digits::progress_bar progress(methods.size() * precisions.size() * training.epochs);
  for (const digits::method& m : methods) {
    for (const digits::precision& p : precisions) {
      const std::string& name = precisions.size() > 1 ? p.name : m.name;
      outcomes.push_back({name, m, {}});
      digits::train(context, m, p, data, training, outcomes.back().result,
                    [&] { progress.advance(name); });
    }
  }
}

/// Writes the losses. For a resumed training, keeps the earlier epochs that are in the file.
void write_csv(examples::output_file& csv, const std::vector<digits::outcome>& outcomes) {
  digits::write_losses(csv.stream(), outcomes, digits::earlier_rows(csv.path(), outcomes));
  csv.close();
}

void report(const arguments& a, const digits::parts& data, bool compares_precisions,
            const std::string& what, const std::vector<digits::outcome>& outcomes) {
  print_heading(a, data, what);
  digits::print_table(outcomes, compares_precisions ? "precision" : "method",
                      a.training.ema.has_value());
  digits::print_notes(outcomes, a.training.clip_norm.has_value());
  digits::warn_of_divergence(outcomes);
  examples::flush_output();
}

void run(const arguments& a) {
  // Eigen cuts products by the size of the caches. Fixed sizes give the same sums on all machines.
  Eigen::setCpuCacheSizes(32 << 10, 512 << 10, 4 << 20);
  const std::vector<digits::method> methods = choose_methods(a);
  const std::vector<digits::precision> precisions = digits::find_precisions(a.precision);
  const bool compares_precisions = precisions.size() > 1;
  if (compares_precisions && methods.size() > 1) {
    throw std::runtime_error("--precision all: say with --rule by which method, such as adamw");
  }
  check_checkpoint(a.training, methods.size() * precisions.size());
  check_files(a);
  digits::training_options training = a.training;
  training.resume_command = resume_command();
  const digits::parts data = digits::split(digits::load(a.data), training.seed);
  digits::choose_schedule(training, a.schedule, static_cast<std::uint64_t>(data.training.size()));
  const gradstep::context context;
  check_schedule(context, methods, training);
  std::optional<examples::output_file> csv;
  if (!a.csv.empty()) csv.emplace("--csv", a.csv);
  if (!training.checkpoint.empty()) digits::watch_for_interruption();

  std::vector<digits::outcome> outcomes;
  try {
    train_all(context, methods, precisions, data, training, outcomes);
  } catch (const examples::early_exit&) {
    if (csv) write_csv(*csv, outcomes);
    throw;
  }
  report(a, data, compares_precisions,
         compares_precisions ? methods.front().name : precisions.front().name, outcomes);
  if (csv) write_csv(*csv, outcomes);
}

}  // namespace

int main(int argc, char** argv) {
  command_line = {argv, static_cast<std::size_t>(argc)};
  return examples::run_program(
      "train_digits", "Trains a small network on handwritten digits with the rules of gradstep.",
      argc, argv, declare, run);
}

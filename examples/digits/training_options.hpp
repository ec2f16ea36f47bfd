// SPDX-License-Identifier: Apache-2.0
//
// The options of a training, and its result.
#ifndef GRADSTEP_EXAMPLES_DIGITS_TRAINING_OPTIONS_HPP
#define GRADSTEP_EXAMPLES_DIGITS_TRAINING_OPTIONS_HPP

#include <gradstep/gradstep.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace digits {

struct training_options {
  std::uint64_t epochs = 30;
  std::uint64_t batch = 32;
  std::uint64_t seed = 1;
  std::optional<double> clip_norm;  ///< gradients of a larger norm are scaled down to it
  std::optional<double> ema;        ///< decay of the weights' moving average
  bool loss_scale = false;          ///< true: even if the precision does not need one
  std::shared_ptr<const gradstep::schedule> schedule;  ///< of steps; null: the rate is constant
  std::vector<std::string> schedule_record;            ///< the schedule's name and values, as lines
  std::string checkpoint;                              ///< the file to save to; empty: none
  bool resumes = false;                                ///< goes on from the checkpoint
  std::string resume_command;                          ///< the command that does so, for messages

  /// Batches in an epoch of that many images; the last batch may be smaller.
  std::uint64_t batch_count(std::uint64_t images) const {
    return images / batch + (images % batch == 0 ? 0 : 1);
  }
};

struct training_result {
  std::uint64_t first_epoch = 0;  ///< the epoch of losses[0]; above 0 if the run was resumed
  std::vector<double> losses;   ///< on the whole training part: at the start, and after each epoch
  double accuracy = 0;          ///< on the test part, after the last epoch
  double average_accuracy = 0;  ///< the same for the averaged weights, if any
  double update_seconds = 0;    ///< the median step's time in the library; 0 without steps
  double bytes_per_param = 0;   ///< kept from step to step, gradients included
  std::uint64_t batches = 0;    ///< steps, skipped ones included
  std::uint64_t clipped = 0;    ///< steps whose gradients were longer than clip_norm
  std::uint64_t skipped = 0;    ///< steps, because a gradient was not finite
  std::optional<double> loss_scale;  ///< after the last step
};

}  // namespace digits

#endif  // GRADSTEP_EXAMPLES_DIGITS_TRAINING_OPTIONS_HPP

// SPDX-License-Identifier: Apache-2.0
//
// What a training is asked for, and what comes of it.
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
  std::optional<double> clip_norm;                     ///< the largest norm that gradients keep
  std::optional<double> ema;                           ///< decay of the weights' moving average
  bool loss_scale = false;                             ///< whether or not the precision needs it
  std::shared_ptr<const gradstep::schedule> schedule;  ///< of steps; null: the rate stays
  std::vector<std::string> schedule_record;            ///< a line for its name, and for each value
  std::string checkpoint;                              ///< the file to save to; empty: none
  bool resumes = false;                                ///< goes on from the checkpoint
  std::string resume_command;                          ///< what does so, for the user

  /// Of an epoch of so many images; the last batch may be smaller.
  std::uint64_t batch_count(std::uint64_t images) const {
    return images / batch + (images % batch == 0 ? 0 : 1);
  }
};

struct training_result {
  std::uint64_t first_epoch = 0;  ///< that losses begin with; above 0 in a run that was resumed
  std::vector<double> losses;   ///< on the whole training part: at the start, and after each epoch
  double accuracy = 0;          ///< on the test part, after the last epoch
  double average_accuracy = 0;  ///< the same of the averaged weights, if there are any
  double update_seconds = 0;    ///< the median step's time in the library; 0 without steps
  double bytes_per_param = 0;   ///< of all that is kept from step to step, gradients included
  std::uint64_t batches = 0;    ///< each made a step, or skipped it
  std::uint64_t clipped = 0;    ///< steps whose gradients were longer than clip_norm
  std::uint64_t skipped = 0;    ///< steps, for a gradient that was not finite
  std::optional<double> loss_scale;  ///< after the last step
};

}  // namespace digits

#endif  // GRADSTEP_EXAMPLES_DIGITS_TRAINING_OPTIONS_HPP

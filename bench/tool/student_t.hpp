// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace bench {

/// The t for which a variable of Student's distribution is within -t and t with the probability
/// `confidence`, between 0 and 1. Accurate to three digits from one degree of freedom on, for
/// confidences up to 0.999. Degrees need not be whole; more than 1000 are taken as 1000, whose
/// quantiles are at most 0.3 % above the normal distribution's.
double two_sided_t(double confidence, double degrees);

}  // namespace bench

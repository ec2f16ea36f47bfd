// SPDX-License-Identifier: Apache-2.0
//
// JSON of unknown origin. Every fault is a failure with GRADSTEP_CORRUPT whose sentence names the
// place: bad syntax, bytes that are no UTF-8, a number beyond double, a key that stands twice in an
// object, too many levels, anything after the value.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace gradstep::internal {

/// The value of a text. An object or array inside max_depth others is refused while parsing, so the
/// text cannot exhaust the stack. The value needs at most about 40 times the text's memory.
/// subject: what the text is, for the sentence ("the optimizer's state").
nlohmann::json parse_json(std::string_view text, std::size_t max_depth, const std::string& subject);

/// A text as JSON writes it, in quotes. Throws INVALID_ARGUMENT when it is no UTF-8.
std::string json_string(const std::string& text);

/// A text of unknown origin for a sentence: in quotes, control characters escaped, cut when long.
std::string in_quotes(std::string_view text);

/// Receives the parts of a JSON text in order, and knows where the parser is.
class json_handler : public nlohmann::json::json_sax_t {
 public:
  explicit json_handler(std::string subject) : subject_(std::move(subject)) {}

  /// Sends the text's parts to this handler.
  void parse(std::string_view text);

  bool binary(binary_t& value) final;
  bool parse_error(std::size_t position, const std::string& last_token,
                   const nlohmann::detail::exception& error) final;

 protected:
  /// Throws the failure: <subject>, byte <position>: <fault>.
  [[noreturn]] void refuse(const std::string& fault) const;

 private:
  std::string subject_;
  std::size_t position_ = 0;  // bytes that the parser has taken
};

}  // namespace gradstep::internal

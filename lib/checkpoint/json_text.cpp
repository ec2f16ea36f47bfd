// SPDX-License-Identifier: Apache-2.0
#include "json_text.hpp"

#include <iterator>
#include <utility>
#include <vector>

#include "failure.hpp"

namespace gradstep::internal {
namespace {

using nlohmann::json;

/// Goes through a text and counts what was taken, for all copies of it together.
class counting_iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  counting_iterator(const char* at, std::size_t* taken) : at_(at), taken_(taken) {}
  const char& operator*() const { return *at_; }
  counting_iterator& operator++() {
    ++at_;
    ++*taken_;
    return *this;
  }
  bool operator==(const counting_iterator& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  std::size_t* taken_;
};

/// Builds the value of a text.
class json_builder final : public json_handler {
 public:
  json_builder(std::size_t max_depth, const std::string& subject)
      : json_handler(subject), max_depth_(max_depth) {}
  json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool start_object(std::size_t /*count*/) override { return open(json::object()); }
  bool start_array(std::size_t /*count*/) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    const auto [member, is_new] = open_.back()->emplace(name, nullptr);
    if (!is_new) refuse("the key " + in_quotes(name) + " stands twice in an object");
    member_ = &*member;
    return true;
  }

 private:
  /// Where the next value goes.
  json& place() {
    if (open_.empty()) return root_;
    return open_.back()->is_array() ? open_.back()->emplace_back(nullptr) : *member_;
  }
  bool add(json value) {
    place() = std::move(value);
    return true;
  }
  bool open(json value) {
    if (open_.size() == max_depth_) refuse(std::to_string(max_depth_ + 1) + " levels are too many");
    json& added = place();
    added = std::move(value);
    open_.push_back(&added);
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::size_t max_depth_;
  json root_;
  std::vector<json*> open_;  // objects and arrays around the present place
  json* member_ = nullptr;   // of the innermost, when it is an object
};

}  // namespace

void json_handler::parse(std::string_view text) {
  // The parser would take the first for the end of the text, and skip the second.
  if (const auto at = text.find('\0'); at != std::string_view::npos) {
    position_ = at;
    refuse("a zero byte");
  }
  if (text.starts_with("\xEF\xBB\xBF")) refuse("a byte order mark");
  const counting_iterator begin(text.data(), &position_);
  const counting_iterator end(text.data() + text.size(), &position_);
  json::sax_parse(begin, end, this);
}

bool json_handler::binary(binary_t& /*value*/) { return false; }

bool json_handler::parse_error(std::size_t /*position*/, const std::string& /*last_token*/,
                               const nlohmann::detail::exception& error) {
  constexpr int number_overflow = 406;
  refuse(error.id == number_overflow ? "a number beyond double" : "not valid JSON");
}

void json_handler::refuse(const std::string& fault) const {
  throw failure(GRADSTEP_CORRUPT, subject_ + ", byte " + std::to_string(position_) + ": " + fault);
}

json parse_json(std::string_view text, std::size_t max_depth, const std::string& subject) {
  json_builder builder(max_depth, subject);
  builder.parse(text);
  return builder.take();
}

std::string json_string(const std::string& text) {
  try {
    return json(text).dump();
  } catch (const json::type_error&) {
    throw failure(GRADSTEP_INVALID_ARGUMENT, in_quotes(text) + " is not valid UTF-8");
  }
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t shown = 64;
  std::string quoted =
      json(text.substr(0, shown)).dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > shown) quoted.insert(quoted.size() - 1, "...");
  return quoted;
}

}  // namespace gradstep::internal

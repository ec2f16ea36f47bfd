// SPDX-License-Identifier: Apache-2.0
#include "json/json_tree.hpp"

#include <optional>
#include <vector>

#include "base/sorted_names.hpp"
#include "json/json_text.hpp"
#include "json/json_writing.hpp"

namespace gradstep::internal {
namespace {

/// A key that the object has more than once.
std::optional<std::string_view> repeated_key(const json_value& object) {
  constexpr std::size_t few = 16;
  std::size_t count = 0;
  for (const auto* a = object.first; a != nullptr; a = a->next, ++count) {
    if (count == few) {
      std::vector<std::string_view> keys;
      for (const auto* m = object.first; m != nullptr; m = m->next) keys.push_back(m->key);
      return sorted_names(keys).repeated();
    }
    for (const auto* b = object.first; b != a; b = b->next) {
      if (a->key == b->key) return a->key;
    }
  }
  return std::nullopt;
}

}  // namespace

// No object is deleted as a json_handler, whose destructor is protected.
// NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor)
class json_tree::builder final : public json_handler {
 public:
  builder(json_tree& tree, std::size_t max_depth, const std::string& subject)
      : json_handler(subject), tree_(tree), max_depth_(max_depth) {}

  void null() override { add(json_kind::null); }
  void boolean(bool value) override { add(json_kind::boolean).boolean = value; }
  void whole_number(std::uint64_t value) override {
    add(json_kind::whole_number).whole_number = value;
  }
  void negative_number(std::int64_t value) override {
    add(json_kind::negative_number).negative_number = value;
  }
  void real_number(double value, std::string_view /*text*/) override {
    add(json_kind::real_number).real_number = value;
  }
  void string(std::string_view value) override { add(json_kind::string).string = kept(value); }
  void start_object() override { open(json_kind::object); }
  void start_array() override { open(json_kind::array); }
  void key(std::string_view name) override { key_ = kept(name); }
  void end_object() override {
    if (const auto key = repeated_key(*open_.back().value)) {
      refuse("the key " + in_quotes(*key) + " stands twice in an object");
    }
    open_.pop_back();
  }
  void end_array() override { open_.pop_back(); }

 private:
  struct level {
    json_value* value;
    json_value* last;  // inside `value`
  };

  json_value& add(json_kind kind) {
    json_value& added = tree_.values_.emplace_back();
    added.kind = kind;
    if (open_.empty()) return added;
    level& around = open_.back();
    if (around.value->kind == json_kind::object) added.key = key_;
    (around.last == nullptr ? around.value->first : around.last->next) = &added;
    around.last = &added;
    return added;
  }
  void open(json_kind kind) {
    if (open_.size() == max_depth_) refuse(std::to_string(max_depth_ + 1) + " levels are too many");
    json_value& added = add(kind);
    added.first = nullptr;
    open_.push_back({&added, nullptr});
  }
  std::string_view kept(std::string_view text) {
    return is_in_text(text) ? text : tree_.strings_.emplace_back(text);
  }

  json_tree& tree_;
  std::size_t max_depth_;
  std::vector<level> open_;  // the objects and arrays around the present place
  std::string_view key_;
};

json_tree::json_tree(std::string_view text, std::size_t max_depth, const std::string& subject) {
  builder(*this, max_depth, subject).parse(text);
}

}  // namespace gradstep::internal

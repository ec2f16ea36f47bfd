// SPDX-License-Identifier: Apache-2.0
#include "safetensors/safetensors_header.hpp"

#include <algorithm>

#include "base/failure.hpp"
#include "json/json_text.hpp"
#include "json/json_writing.hpp"

namespace gradstep::internal {
namespace {

/// Makes arrays and metadata straight from the text. A tree of JSON values in between would need
/// many times the memory of a header that is all zeros and commas.
// NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor): never deleted as a json_handler
class header_handler final : public json_handler {
 public:
  header_handler() : json_handler("header") {}
  safetensors_header take() { return std::move(header_); }

  void start_object() override {
    switch (place_) {
      case place::outside:
        place_ = place::top;
        return;
      case place::top:
        place_ = key_ == metadata_key ? place::metadata : place::array;
        if (place_ == place::array) start_entry();
        return;
      default:
        refuse_value("an object");
    }
  }
  void end_object() override {
    if (place_ == place::array) finish_entry();
    place_ = place_ == place::top ? place::outside : place::top;
  }

  void key(std::string_view name) override {
    key_ = name;
    if (place_ == place::top) check_top_key();
    if (place_ == place::array) check_field();
  }

  void string(std::string_view value) override {
    if (place_ == place::metadata) {
      if (!header_.metadata.emplace(key_, value).second) {
        refuse("the metadata " + in_quotes(key_) + " stands twice");
      }
      return;
    }
    if (place_ != place::array || key_ != "dtype") refuse_value("a string");
    if (dtype_bytes(value) == 0) refuse(array() + " has the unknown dtype " + in_quotes(value));
    array_.dtype = value;
  }

  void start_array() override {
    if (place_ != place::array || key_ == "dtype") refuse_value("a list");
    place_ = place::numbers;
  }
  void whole_number(std::uint64_t value) override {
    if (place_ != place::numbers) refuse_value("a number");
    if (key_ == "shape") {
      array_.shape.push_back(value);
    } else {
      if (offset_count_ == 2) refuse(array() + " has more than 2 data_offsets");
      offsets_[offset_count_++] = value;
    }
  }
  void end_array() override { place_ = place::array; }

  void negative_number(std::int64_t value) override {
    refuse_value(std::to_string(value) + ", a negative number,");
  }
  void real_number(double /*value*/, std::string_view text) override {
    refuse_value(in_quotes(text) + ", not a whole number of 64 bits,");
  }
  void boolean(bool /*value*/) override { refuse_value("true or false"); }
  void null() override { refuse_value("null"); }

 private:
  enum class place { outside, top, metadata, array, numbers };

  std::string array() const { return "the array " + in_quotes(array_.name); }

  [[noreturn]] void refuse_value(const std::string& value) const {
    switch (place_) {
      case place::outside:
        refuse(value + " in place of the header's object");
      case place::top:
        refuse(value + " in place of the object for " + in_quotes(key_));
      case place::metadata:
        refuse(value + " in place of the string for the metadata " + in_quotes(key_));
      default:
        refuse(array() + " has " + value + " in its " + key_);
    }
  }

  void check_top_key() {
    if (key_.empty()) refuse("an array has no name");
    if (key_ != metadata_key) return;
    if (has_metadata_) refuse("__metadata__ stands twice");
    has_metadata_ = true;
  }

  void check_field() {
    const std::string_view fields[] = {"dtype", "shape", "data_offsets"};
    const auto* field = std::find(std::begin(fields), std::end(fields), key_);
    if (field == std::end(fields)) refuse(array() + " has the unknown field " + in_quotes(key_));
    const unsigned bit = 1U << (field - std::begin(fields));
    if ((fields_ & bit) != 0) refuse(array() + " has its " + key_ + " twice");
    fields_ |= bit;
  }

  void start_entry() {
    array_ = {};
    array_.name = key_;
    fields_ = 0;
    offset_count_ = 0;
  }

  void finish_entry() {
    if (fields_ != 7 || offset_count_ != 2) {
      refuse(array() + " lacks its dtype, its shape or one of 2 data_offsets");
    }
    const auto bytes = bytes_of(array_.shape, dtype_bytes(array_.dtype));
    const auto range = [this] {
      return std::to_string(offsets_[0]) + " to " + std::to_string(offsets_[1]);
    };
    if (!bytes) refuse(array() + " has a shape of more than 2^64 bytes");
    if (offsets_[1] < offsets_[0] || offsets_[1] - offsets_[0] != *bytes) {
      refuse(array() + " has data_offsets " + range() + ", but its shape of " + array_.dtype +
             " takes " + std::to_string(*bytes) + " bytes");
    }
    if (offsets_[0] != data_end_) {
      refuse(array() + " has data_offsets " + range() + ", but the array before it ends at " +
             std::to_string(data_end_));
    }
    array_.begin = offsets_[0];
    array_.bytes = *bytes;
    data_end_ = offsets_[1];
    header_.arrays.push_back(std::move(array_));
  }

  safetensors_header header_;
  place place_ = place::outside;
  std::string key_;
  bool has_metadata_ = false;
  std::uint64_t data_end_ = 0;

  // The array whose entry is being read.
  stored_array array_;
  unsigned fields_ = 0;  // one bit per field that was read
  std::uint64_t offsets_[2] = {};
  int offset_count_ = 0;
};

}  // namespace

std::size_t dtype_bytes(std::string_view dtype) {
  static constexpr struct {
    std::string_view name;
    std::size_t bytes;
  } dtypes[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1},
                {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
                {"U32", 4},  {"F32", 4}, {"F64", 8}, {"I64", 8},     {"U64", 8}};
  for (const auto& known : dtypes) {
    if (known.name == dtype) return known.bytes;
  }
  return 0;
}

std::optional<std::uint64_t> bytes_of(const std::vector<std::uint64_t>& shape,
                                      std::size_t element_bytes) {
  std::uint64_t bytes = element_bytes;
  for (const auto extent : shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return std::nullopt;
  }
  return bytes;
}

safetensors_header parse_header(std::string_view text, std::uint64_t data_bytes) {
  header_handler handler;
  handler.parse(text);
  safetensors_header header = handler.take();

  header.names = sorted_names(header.arrays, &stored_array::name);
  if (const auto name = header.names.repeated()) {
    refuse(GRADSTEP_CORRUPT, "header: the array %s stands twice", in_quotes(*name).c_str());
  }
  const std::uint64_t end =
      header.arrays.empty() ? 0 : header.arrays.back().begin + header.arrays.back().bytes;
  if (end != data_bytes) {
    refuse(GRADSTEP_CORRUPT, "header: its arrays take %llu bytes, but %llu follow in the file",
           static_cast<unsigned long long>(end), static_cast<unsigned long long>(data_bytes));
  }
  return header;
}

}  // namespace gradstep::internal

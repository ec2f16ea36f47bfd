// SPDX-License-Identifier: Apache-2.0
#include "schema_check.hpp"

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>
#include <vector>

#include "shown_text.hpp"

namespace bench {
namespace {

using nlohmann::json;

/// The members and indices that lead to a value.
using steps = std::vector<std::string>;

/// valijson's context: "<root>", then each step in brackets.
steps steps_of(const std::vector<std::string>& context) {
  steps result;
  for (std::size_t i = 1; i < context.size(); ++i) {
    result.push_back(context[i].substr(1, context[i].size() - 2));
  }
  return result;
}

json::json_pointer pointer_to(const json& value, const steps& path) {
  json::json_pointer pointer;
  const json* at = &value;
  for (const std::string& step : path) {
    if (at->is_array()) {
      pointer /= std::stoul(step);
    } else {
      pointer /= step;
    }
    at = &value.at(pointer);
  }
  return pointer;
}

/// The schema itself where it refers to another one.
const json& followed(const json& schema, const json& part) {
  if (part.contains("$ref")) {
    const auto reference = part["$ref"].get<std::string>();
    return followed(schema, schema.at(json::json_pointer(reference.substr(1))));
  }
  return part.contains("allOf") ? followed(schema, part["allOf"][0]) : part;
}

/// The part of the schema that the value at the end of the path has to obey.
const json& part_for(const json& schema, const steps& path) {
  const json* part = &schema;
  for (const std::string& step : path) {
    if (part->contains("items")) {
      part = &part->at("items");
    } else if (part->contains("properties") && part->at("properties").contains(step)) {
      part = &part->at("properties").at(step);
    } else {
      part = &part->at("additionalProperties");
    }
    part = &followed(schema, *part);
  }
  return *part;
}

std::string with_or(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

std::string type_in_words(const std::string& type) {
  if (type == "null") return type;
  const bool has_vowel = type == "integer" || type == "object" || type == "array";
  return (has_vowel ? "an " : "a ") + type;
}

std::string allowed_by(const json& part) {
  std::vector<std::string> words;
  if (part.contains("const")) return part["const"].dump();
  if (part.contains("enum")) {
    for (const json& value : part["enum"]) words.push_back(value.dump());
    return with_or(words);
  }
  const json types = part.value("type", json::array());
  if (types.is_string()) {
    words.push_back(type_in_words(types.get<std::string>()));
  } else {
    for (const json& type : types) words.push_back(type_in_words(type.get<std::string>()));
  }
  std::string text = with_or(words);
  if (part.contains("minimum")) text += " of at least " + part["minimum"].dump();
  if (part.contains("exclusiveMinimum")) text += " above " + part["exclusiveMinimum"].dump();
  if (part.contains("pattern")) text += " like " + part["pattern"].get<std::string>();
  return text;
}

bool has_type(const json& part, const json& value) {
  const json types = part.value("type", json());
  return (types == "object" && value.is_object()) || (types == "array" && value.is_array());
}

/// A short text of the value. Objects and arrays, which may be large, by their kind alone.
std::string value_in_words(const json& value) {
  if (value.is_structured()) return type_in_words(value.type_name());
  return shown_text(value.dump(), 60);
}

}  // namespace

std::optional<std::string> schema_violation(const json& schema, const json& value) {
  valijson::Schema parsed;
  valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(schema), parsed);
  valijson::Validator validator;
  valijson::ValidationResults errors;
  const valijson::adapters::NlohmannJsonAdapter target(value);
  if (validator.validate(parsed, target, &errors)) return std::nullopt;

  const valijson::ValidationResults::Error& error = *errors.begin();  // the innermost of its kind
  const steps path = steps_of(error.context);
  const json::json_pointer pointer = pointer_to(value, path);
  const json& part = part_for(schema, path);
  const json& found = value.at(pointer);
  const std::string place = path.empty() ? "the file" : shown_text(pointer.to_string());
  if (has_type(part, found)) return place + " is not valid: " + shown_text(error.description);
  return place + " is " + value_in_words(found) + "; allowed is " + allowed_by(part);
}

}  // namespace bench

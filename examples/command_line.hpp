// SPDX-License-Identifier: Apache-2.0
//
// What the C++ examples share: strict reading of options, and reports of what went wrong.
#ifndef GRADSTEP_EXAMPLES_COMMAND_LINE_HPP
#define GRADSTEP_EXAMPLES_COMMAND_LINE_HPP

#include <CLI/CLI.hpp>
#include <gradstep/gradstep.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace examples {

/// Reads a text that is one finite number. Else throws; the message names `argument`.
inline double parse_number(std::string_view argument, std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stop == end && std::isfinite(value)) return value;
  throw std::runtime_error(std::string(argument) + ": '" + std::string(text) +
                           "' is not a finite number such as 0.4 or 1e-6");
}

/// Reads a text that is one whole number from `minimum` to `maximum`. Else throws.
inline std::uint64_t parse_count(std::string_view argument, std::string_view text,
                                 std::uint64_t minimum, std::uint64_t maximum) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stop == end && minimum <= value && value <= maximum) return value;
  throw std::runtime_error(std::string(argument) + ": '" + std::string(text) +
                           "' is not a whole number from " + std::to_string(minimum) + " to " +
                           std::to_string(maximum));
}

/// Where the value begins in "NAME=VALUE". Else throws; the message shows `form` and `example`.
inline std::size_t after_name(const std::string& option, std::string_view text, const char* form,
                              const char* example) {
  const std::size_t equals = text.find('=');
  if (equals != std::string_view::npos && equals != 0) return equals + 1;
  throw std::runtime_error(option + ": '" + std::string(text) + "' is not of the form " + form +
                           ", such as " + example);
}

/// Reads "NAME=VALUE". The library checks whether the name exists and the value is in bounds.
inline gradstep::setting parse_setting(const std::string& option, std::string_view text) {
  const std::size_t begin = after_name(option, text, "NAME=VALUE", "lr=0.4");
  const std::string name(text.substr(0, begin - 1));
  return {name, parse_number(option + " " + name, text.substr(begin))};
}

/// A parameter that is a list of numbers.
struct list_setting {
  std::string name;
  std::vector<double> values;
};

/// Reads "NAME=X,X,X".
inline list_setting parse_list(const std::string& option, std::string_view text) {
  std::size_t begin = after_name(option, text, "NAME=X,X,X", "milestones=30,60");
  list_setting list{std::string(text.substr(0, begin - 1)), {}};
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    list.values.push_back(parse_number(option + " " + list.name, text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return list;
}

/// The shortest text that reads back as the same number, whatever the locale.
inline std::string shortest(double value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

/// The texts one after the other, with `between` in between.
inline std::string join(const std::vector<std::string>& texts, const char* between = ", ") {
  std::string joined;
  for (const std::string& text : texts) {
    if (&text != texts.data()) joined += between;
    joined += text;
  }
  return joined;
}

/// The names of the library's rules, in its order.
inline std::vector<std::string> rule_names() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < gradstep_rule_count(); ++i) names.emplace_back(gradstep_rule_name(i));
  return names;
}

/// The names of the library's schedules, in its order.
inline std::vector<std::string> schedule_names() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < gradstep_schedule_count(); ++i) {
    names.emplace_back(gradstep_schedule_name(i));
  }
  return names;
}

// The options below take text and read it with the parsers above, because CLI11's own conversions
// accept more than they should, and their messages do not name the allowed values. Parameters that
// are references to variables (`value`, `settings`) must outlive the parsing.

/// An option whose value is a whole number from `minimum` to `maximum`.
inline void add_count_option(CLI::App& app, const std::string& name, std::uint64_t& value,
                             std::uint64_t minimum, std::uint64_t maximum, const char* what) {
  app.add_option_function<std::string>(
         name,
         [&value, name, minimum, maximum](const std::string& text) {
           value = parse_count(name, text, minimum, maximum);
         },
         std::string(what) + ", " + std::to_string(minimum) + " to " + std::to_string(maximum) +
             " (default " + std::to_string(value) + ")")
      ->type_name("N");
}

/// An option whose value is a number for which is_allowed(number) holds; set(number) keeps it.
/// `allowed` says the same in words.
template <class Set, class IsAllowed>
void add_number_option(CLI::App& app, const std::string& name, Set set, IsAllowed is_allowed,
                       const char* allowed, const char* what) {
  app.add_option_function<std::string>(
         name,
         [=](const std::string& text) {
           const double value = parse_number(name, text);
           if (!is_allowed(value)) {
             throw std::runtime_error(name + ": '" + text + "' is not a number " + allowed);
           }
           set(value);
         },
         std::string(what) + ", " + allowed)
      ->type_name("X");
}

/// An option that may be repeated. Each time it takes one text; `values` keeps parse(option, text).
template <class Value>
void add_repeated_option(CLI::App& app, const std::string& option, std::vector<Value>& values,
                         Value (*parse)(const std::string&, std::string_view),
                         const std::string& what, const char* form) {
  app.add_option_function<std::vector<std::string>>(
         option,
         [&values, option, parse](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) values.push_back(parse(option, text));
         },
         what)
      ->allow_extra_args(false)
      ->type_name(form);
}

/// `option` NAME=VALUE; the last value of a name counts.
inline void add_set_option(CLI::App& app, std::vector<gradstep::setting>& settings,
                           const std::string& what = "a hyper-parameter of the rule",
                           const std::string& option = "--set") {
  add_repeated_option(app, option, settings, parse_setting, what + "; may be repeated",
                      "NAME=VALUE");
}

/// `option` NAME=X,X,X; the last one of a name counts.
inline void add_list_option(CLI::App& app, std::vector<list_setting>& lists,
                            const std::string& option) {
  add_repeated_option(app, option, lists, parse_list,
                      "a parameter of the schedule that is a list, such as milestones=30,60",
                      "NAME=X,X,X");
}

/// An option whose value is a name: any text that is not empty.
inline void add_name_option(CLI::App& app, const std::string& option, std::string& value,
                            const std::string& what, const char* type) {
  app.add_option_function<std::string>(
         option,
         [&value, option](const std::string& text) {
           if (text.empty()) throw std::runtime_error(option + ": '' is no name");
           value = text;
         },
         what)
      ->type_name(type);
}

/// Writes out what was printed so far, or throws.
inline void flush_output() {
  if (std::fflush(stdout) != 0) throw std::runtime_error("cannot write to standard output");
}

/// Thrown to end a program before it is done though nothing is wrong.
class early_exit : public std::runtime_error {
 public:
  early_exit(int status, const std::string& message)
      : std::runtime_error(message), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

/// The whole of a main(): reads the arguments, runs the program, and reports exceptions of both.
/// --help shows `what` the program does. Returns the exit status.
template <class Arguments>
int run_program(const char* name, const char* what, int argc, char** argv,
                void (*declare)(CLI::App&, Arguments&), void (*run)(const Arguments&)) {
  const auto report = [name](const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
  };
  try {
    Arguments a;
    CLI::App app(what);
    declare(app, a);
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& wrong) {
      return app.exit(wrong) == 0 ? 0 : 1;  // 0: --help
    }
    run(a);
    return 0;
  } catch (const early_exit& stop) {
    report(stop);
    return stop.status();
  } catch (const std::exception& error) {
    report(error);
    return 1;
  }
}

}  // namespace examples

#endif  // GRADSTEP_EXAMPLES_COMMAND_LINE_HPP

// SPDX-License-Identifier: Apache-2.0
#include "machine_validity.hpp"

#include <vector>

#include "system_tree.hpp"

namespace bench {
namespace {

using nlohmann::json;

bool is_count(const json& value) { return value.is_number_integer() && value >= 1; }
bool is_text(const json& value) { return value.is_string() && value != ""; }
bool is_integer_or_null(const json& value) { return value.is_number_integer() || value.is_null(); }
bool is_text_or_null(const json& value) { return is_text(value) || value.is_null(); }

using keys = std::vector<std::string>;

keys keys_of(const json& object) {
  keys names;
  for (const auto& [key, value] : object.items()) names.push_back(key);
  return names;
}

void expect_valid_cpu(const json& cpu, const std::string& of) {
  expect_equal(keys_of(cpu),
               keys{"architecture", "family", "microarchitecture", "model", "model_number",
                    "stepping", "vendor"},
               "members of cpu of " + of);
  for (const char* key : {"model", "vendor", "architecture"}) {
    expect(is_text(cpu[key]), key + (" of " + of));
  }
  for (const char* key : {"family", "model_number", "stepping"}) {
    expect(is_integer_or_null(cpu[key]), key + (" of " + of));
  }
  expect(is_text_or_null(cpu["microarchitecture"]), "the microarchitecture of " + of);
}

void expect_valid_cores(const json& cores, const std::string& of) {
  expect_equal(keys_of(cores), keys{"logical", "physical", "smt", "sockets", "usable"},
               "members of cores of " + of);
  for (const char* key : {"sockets", "physical", "logical", "usable"}) {
    expect(is_count(cores[key]), key + (" of " + of));
  }
  expect(cores["physical"] <= cores["logical"] && cores["usable"] <= cores["logical"],
         "no more cores than CPUs of " + of);
  const json& smt = cores["smt"];
  expect(smt == "on" || smt == "off" || smt == "unknown", "smt of " + of);
}

void expect_valid_caches(const json& caches, const std::string& of) {
  expect(caches.is_array(), "caches of " + of);
  for (const json& cache : caches) {
    expect_equal(keys_of(cache), keys{"bytes", "kind", "level", "shared_by"},
                 "members of a cache of " + of);
    for (const char* key : {"level", "bytes", "shared_by"}) {
      expect(is_count(cache[key]), key + (" of " + of));
    }
    expect(cache["kind"] == "data" || cache["kind"] == "unified", "a cache's kind of " + of);
  }
}

void expect_valid_frequency(const json& frequency, const std::string& of) {
  if (frequency.is_null()) return;
  expect_equal(keys_of(frequency), keys{"driver", "governor", "max_mhz"},
               "members of frequency of " + of);
  expect(is_text_or_null(frequency["governor"]), "the governor of " + of);
  expect(is_text_or_null(frequency["driver"]), "the driver of " + of);
  expect(frequency["max_mhz"].is_number() || frequency["max_mhz"].is_null(), "max_mhz of " + of);
}

}  // namespace

void expect_valid_machine(const json& machine, const std::string& of) {
  expect_equal(keys_of(machine),
               keys{"caches", "cores", "cpu", "frequency", "huge_pages", "memory_bytes",
                    "numa_nodes", "system", "virtualised"},
               "members of " + of);
  expect_valid_cpu(machine["cpu"], of);
  expect_valid_cores(machine["cores"], of);
  expect_valid_caches(machine["caches"], of);
  expect_valid_frequency(machine["frequency"], of);
  expect(is_count(machine["numa_nodes"]), "numa_nodes of " + of);
  expect(is_integer_or_null(machine["memory_bytes"]), "memory_bytes of " + of);
  expect(is_text_or_null(machine["virtualised"]), "virtualised of " + of);
  expect(is_text_or_null(machine["huge_pages"]), "huge_pages of " + of);
  expect(is_text(machine["system"]), "system of " + of);
}

}  // namespace bench

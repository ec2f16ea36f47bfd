// SPDX-License-Identifier: Apache-2.0
//
// Makes every call, and compares what belongs to the whole process before and after: handlers and
// mask of signals, floating-point environment, locale, file mode mask, working folder, limits,
// environment, open files. Usage: process_settings FOLDER
#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cfenv>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "guest/every_call.hpp"

namespace {

using settings = std::vector<std::pair<std::string, std::string>>;

template <class T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

void add_signals(settings& all) {
  for (int signal = 1; signal < SIGRTMAX; ++signal) {
    struct sigaction action;
    std::memset(&action, 0, sizeof action);
    if (sigaction(signal, nullptr, &action) != 0) continue;
    all.emplace_back("handler of signal " + std::to_string(signal),
                     bytes_of(action.sa_handler) + bytes_of(action.sa_flags));
  }
  sigset_t mask;
  std::memset(&mask, 0, sizeof mask);
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  all.emplace_back("signal mask", bytes_of(mask));
}

void add_limits(settings& all) {
  for (const auto resource : {RLIMIT_CORE, RLIMIT_STACK, RLIMIT_AS, RLIMIT_NOFILE, RLIMIT_FSIZE}) {
    rlimit limit{};
    getrlimit(resource, &limit);
    all.emplace_back("limit " + std::to_string(resource), bytes_of(limit));
  }
}

std::string open_files() {
  std::string names;
  if (DIR* const folder = opendir("/proc/self/fd")) {
    while (const dirent* const file = readdir(folder)) names += std::string(file->d_name) + " ";
    closedir(folder);
  }
  return names;
}

settings read_settings() {
  settings all;
  add_signals(all);
  add_limits(all);
  all.emplace_back("locale", std::setlocale(LC_ALL, nullptr));
  all.emplace_back("rounding mode", std::to_string(std::fegetround()));
  const mode_t mask = umask(0);
  umask(mask);
  all.emplace_back("file mode mask", std::to_string(mask));
  char folder[4096] = "";
  all.emplace_back("working folder", getcwd(folder, sizeof folder) != nullptr ? folder : "");
  for (char** variable = environ; *variable != nullptr; ++variable) {
    all.emplace_back("environment", *variable);
  }
  all.emplace_back("open files", open_files());
  return all;
}

bool make_all_calls(const std::string& path) {
  bool is_good = true;
  for (const threading kind : {threading::serial, threading::host_pool, threading::own_arena}) {
    is_good = make_every_call(make_context(nullptr, kind), path) && is_good;
  }
  return is_good;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  make_context(nullptr, threading::own_arena);  // what oneTBB opens or starts once
  const settings before = read_settings();
  if (!make_all_calls(std::string(argv[1]) + "/process_settings.state")) return 1;
  const settings after = read_settings();
  int differences = before.size() == after.size() ? 0 : 1;
  for (std::size_t i = 0; i < before.size() && i < after.size(); ++i) {
    if (before[i] == after[i]) continue;
    std::printf("the %s has changed\n", before[i].first.c_str());
    ++differences;
  }
  std::printf("%zu settings compared, %d changed\n", before.size(), differences);
  return differences == 0 ? 0 : 1;
}

// SPDX-License-Identifier: Apache-2.0
//
// Makes every call, and compares what belongs to the whole process before and after: handlers and
// mask of signals, floating-point environment, locale, file mode mask, working folder, limits,
// environment, open files. Without an arena, no call starts a thread.
// Usage: process_settings FOLDER
#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cfenv>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <initializer_list>
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

/// The names in a folder of the system that describes this process.
std::string names_in(const char* path) {
  std::string names;
  if (DIR* const folder = opendir(path)) {
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
  all.emplace_back("list of open files", names_in("/proc/self/fd"));
  return all;
}

/// The number of settings that every call on these contexts changes; 1 more if a call fails.
int changes_by(std::initializer_list<threading> kinds, settings (*read)(),
               const std::string& path) {
  const settings before = read();
  int changes = 0;
  for (const threading kind : kinds) {
    if (!make_every_call(make_context(nullptr, kind), path)) ++changes;
  }
  const settings after = read();
  if (before.size() != after.size()) ++changes;
  for (std::size_t i = 0; i < before.size() && i < after.size(); ++i) {
    if (before[i] == after[i]) continue;
    std::printf("the %s has changed\n", before[i].first.c_str());
    ++changes;
  }
  std::printf("%zu settings compared, %d changed\n", before.size(), changes);
  return changes;
}

settings read_settings_and_threads() {
  settings all = read_settings();
  all.emplace_back("list of threads", names_in("/proc/self/task"));
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string path = std::string(argv[1]) + "/process_settings.state";
  int changes =
      changes_by({threading::serial, threading::host_pool}, read_settings_and_threads, path);
  make_context(nullptr, threading::own_arena);  // what oneTBB opens or starts once
  changes += changes_by({threading::own_arena}, read_settings, path);
  return changes == 0 ? 0 : 1;
}

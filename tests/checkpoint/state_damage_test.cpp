// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints that are damaged, or whose state is wrong under right checksums: a load names the
// fault and changes nothing. And saves that are killed.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/resealed_checkpoint.hpp"
#include "checkpoint/scripted_model.hpp"
#include "support/checkpoint_files.hpp"
#include "support/schedule_setup.hpp"
#include "support/scratch_folder.hpp"

namespace gradstep_test {
namespace {

using nlohmann::json;

scripted_model::setup bfloat16_slots() {
  return {.how = {.slot = GRADSTEP_BFLOAT16}, .has_late_tensor = true};
}

/// A checkpoint of a run, and another model that could load it.
class damaged_checkpoint : public testing::Test {
 protected:
  damaged_checkpoint() {
    auto setup = bfloat16_slots();
    const auto schedule = make_schedule("one_cycle", {{"total_steps", 20}, {"drives_momentum", 1}});
    setup.schedule = schedule.get();
    scripted_model model(setup);
    model.run(0, 7);
    save(model.optimizer, path);
    good = read_bytes(path);
    auto fresh = bfloat16_slots();
    fresh.is_fresh = true;
    target.emplace(fresh);
    before = target->state();
  }

  /// The sentence of the load that refuses these bytes. The load must change nothing.
  std::string refusal(const std::string& bytes, gradstep_status status = GRADSTEP_CORRUPT) {
    write_bytes(path, bytes);
    const auto got =
        gradstep_optimizer_load(target->optimizer.get(), path.c_str(), with_params, nullptr);
    std::string sentence = gradstep_last_error();
    EXPECT_EQ(got, status) << sentence;
    expect_same_bytes(target->state(), before);
    return sentence;
  }

  scratch_folder folder;
  std::string path = folder / "state";
  std::string good, before;
  std::optional<scripted_model> target;
};

TEST_F(damaged_checkpoint, resealed_without_a_change_is_good) {
  write_bytes(path, resealed(good, [](json&) {}));
  load(target->optimizer, path);
  EXPECT_NE(target->state(), before);
}

/// A word of the refusal, and a change of the state that causes it.
const std::pair<const char*, std::function<void(json&)>> damages[] = {
    {"\"format\"", [](json& s) { s["format"] = 2; }},
    {"\"format\"", [](json& s) { s.erase("format"); }},
    {"\"step_count\"", [](json& s) { s["step_count"] = -1; }},
    {"\"step_count\"", [](json& s) { s["step_count"] = 1.5; }},
    {"\"step_count\"", [](json& s) { s["step_count"] = std::uint64_t{1} << 54; }},
    {"\"grad_norm\"", [](json& s) { s["grad_norm"] = -1; }},
    {"\"groups\"", [](json& s) { s["groups"] = 5; }},
    {"\"lr\"", [](json& s) { s["groups"][0]["hyperparameters"]["lr"] = -1; }},
    {"\"lr\"", [](json& s) { s["groups"][0]["hyperparameters"]["lr"] = "nan"; }},
    {"\"beta1\"", [](json& s) { s["groups"][0]["hyperparameters"]["beta1"] = 2; }},
    {"\"beta1\"", [](json& s) { s["groups"][0]["hyperparameters"].erase("beta1"); }},
    {"\"lr_scale\"", [](json& s) { s["groups"][0]["lr_scale"] = -1; }},
    {"\"max_norm\"", [](json& s) { s["groups"][0]["max_norm"] = -1; }},
    {"\"average_count\"", [](json& s) { s["tensors"][0]["average_count"] = -1; }},
    {"\"name\"",
     [](json& s) {
       s["groups"][0]["schedule"] = {{"nam", "cosine"}};
     }},
    {"cosinus",
     [](json& s) {
       s["groups"][0]["schedule"] = {{"name", "cosinus"}, {"parameters", json::object()}};
     }},
    {"total_steps",
     [](json& s) {
       s["groups"][0]["schedule"] = {{"name", "cosine"}, {"parameters", json::object()}};
     }},
    {"\"end_lr\" is missing",
     [](json& s) {
       s["groups"][0]["schedule"] = {
           {"name", "cosine"},
           {"parameters", {{"total_steps", 50}, {"warmup_steps", 0}, {"warmup_begin_lr", 0}}}};
     }},
    {"levels",
     [](json& s) {
       json inner = {{"name", "constant"}, {"parameters", json::object()}};
       for (int i = 0; i < 10; ++i) {
         inner = {{"name", "sequence"}, {"parts", {{{"length", 1}, {"schedule", inner}}}}};
       }
       s["groups"][0]["schedule"] = inner;
     }},
    {"another one", [](json& s) { s["groups"][1]["name"] = s["groups"][0]["name"]; }},
    {"another one", [](json& s) { s["tensors"][1]["name"] = s["tensors"][0]["name"]; }},
    {"factor", [](json& s) { s["groups"][1]["plateau"]["factor"] = 2; }},
    {"scale", [](json& s) { s["loss_scaler"]["scale"] = 0; }},
    {"not there", [](json& s) { s["tensors"][0]["group"] = "third"; }},
    {"shape", [](json& s) { s["tensors"][0]["count"] = 1 << 30; }},
    {"dtype", [](json& s) { s["tensors"][0]["arrays"]["exp_avg"] = "float16"; }},
    {"no dtype", [](json& s) { s["tensors"][0]["arrays"]["exp_avg"] = "int7"; }},
    {"tensors have", [](json& s) { s["tensors"][0]["arrays"].erase("exp_avg"); }},
    {"accumulate_count", [](json& s) { s["tensors"][0]["accumulate_count"] = 0; }},
    {"is_frozen", [](json& s) { s["tensors"][0]["is_frozen"] = 1; }},
    {"levels",
     [](json& s) {
       json deep = 1;
       for (int i = 0; i < 100; ++i) deep = json::array({deep});
       s["groups"] = deep;
     }},
};

/// What only a later version of the library can have saved: words of the refusal, which name the
/// place and the value, and a change of the state that causes it.
const std::pair<std::vector<const char*>, std::function<void(json&)>> later[] = {
    {{"\"surprise\" = 1"}, [](json& s) { s["surprise"] = 1; }},
    {{"\"surprise\" = null"}, [](json& s) { s["surprise"] = nullptr; }},
    {{"\"surprise\" = [...]"},
     [](json& s) {
       s["surprise"] = {1, 2};
     }},
    {{"\"groups\"[0: \"first\"]", "\"l3_penalty\" = 0.25"},
     [](json& s) { s["groups"][0]["hyperparameters"]["l3_penalty"] = 0.25; }},
    {{"\"groups\"[1: \"second\"]", "\"min_norm\" = -3"},
     [](json& s) { s["groups"][1]["min_norm"] = -3; }},
    {{"\"groups\"[0: \"first\"]", "\"rule\" = \"adamx\""},
     [](json& s) { s["groups"][0]["rule"] = "adamx"; }},
    {{"\"groups\"[0: \"first\"]", "\"schedule\"", "\"power\" = 0.5"},
     [](json& s) { s["groups"][0]["schedule"]["parameters"]["power"] = 0.5; }},
    {{"\"groups\"[1: \"second\"]", "\"plateau\"", "\"is_new\" = true"},
     [](json& s) { s["groups"][1]["plateau"]["is_new"] = true; }},
    {{"\"loss_scaler\"", "\"most\" = 5"}, [](json& s) { s["loss_scaler"]["most"] = 5; }},
    {{"\"tensors\"[1: \"layer.1.weight\"]", "\"average_counts\" = {...}"},
     [](json& s) {
       s["tensors"][1]["average_counts"] = {{"a", 1}};
     }},
    {{"array \"surprise\"", "\"layer.0.weight\"", "no array of adamw"},
     [](json& s) { s["tensors"][0]["arrays"]["surprise"] = "float32"; }},
};

TEST_F(damaged_checkpoint, what_a_later_version_has_saved_is_named) {
  for (const auto& [words, change] : later) {
    SCOPED_TRACE(words.back());
    const std::string sentence = refusal(resealed(good, change), GRADSTEP_MISMATCH);
    EXPECT_NE(sentence.find("does not know"), std::string::npos) << sentence;
    for (const char* word : words) {
      EXPECT_NE(sentence.find(word), std::string::npos) << word << ": " << sentence;
    }
  }
}

TEST_F(damaged_checkpoint, every_state_that_lies_is_refused) {
  for (const auto& [named, change] : damages) {
    SCOPED_TRACE(named);
    const std::string sentence = refusal(resealed(good, change));
    EXPECT_NE(sentence.find(named), std::string::npos) << sentence;
  }
}

/// Whether files in which the member has its default lack it.
bool has_default(const std::string& member) {
  return member == "max_norm" || member == "l1_penalty" || member == "decay_after_step";
}

/// Every value of the state, at every level, gets another type or is removed.
TEST_F(damaged_checkpoint, wrong_types_and_missing_keys_are_refused) {
  json state;
  resealed(good, [&](const json& s) { state = s; });
  const auto refuse = [&](const json::json_pointer& at, const std::function<void(json&)>& change) {
    SCOPED_TRACE(at.to_string());
    write_bytes(path, resealed(good, change));
    const auto status =
        gradstep_optimizer_load(target->optimizer.get(), path.c_str(), with_params, nullptr);
    EXPECT_TRUE(status == GRADSTEP_CORRUPT || status == GRADSTEP_MISMATCH) << status;
    expect_same_bytes(target->state(), before);
  };
  const json wrong[] = {json::array(), json::object(), "text", true, nullptr, -1.5, 1e300};
  std::set<std::string> seen;
  const json flat = state.flatten();
  for (const auto& [pointer, ignored] : flat.items()) {
    for (json::json_pointer at(pointer); !at.empty(); at = at.parent_pointer()) {
      if (!seen.insert(at.to_string()).second) continue;
      const json& place = state[at];
      for (const json& value : wrong) {
        // Null means no schedule, plateau or scaler; other numbers may be valid.
        const bool is_number = place.is_number() || place == "inf" || place == "nan";
        const bool may_be = place.type() == value.type() || (is_number && value.is_number()) ||
                            (value.is_null() && (place.is_object() || place.is_null()));
        if (!may_be) refuse(at, [&](json& s) { s[at] = value; });
      }
      if (state[at.parent_pointer()].is_object() && !has_default(at.back())) {
        refuse(at, [&](json& s) { s[at.parent_pointer()].erase(at.back()); });
      }
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(seen.size(), 100U);
}

TEST_F(damaged_checkpoint, texts_and_headers_that_lie_are_refused) {
  for (const std::string& text :
       {std::string(), std::string(100'000, '['), std::string(R"({"format":1,"format":1})")}) {
    write_bytes(path, resealed_text(good, [&](std::string& state) { state = text; }));
    refusal(read_bytes(path));
  }
}

TEST_F(damaged_checkpoint, flipped_bits_and_cut_files_are_refused) {
  std::minstd_rand random(1);
  for (int i = 0; i < 300; ++i) {
    std::string bytes = good;
    const std::size_t at =
        i < 200 ? random() % std::min<std::size_t>(good.size(), 4000) : random() % good.size();
    bytes[at] = static_cast<char>(bytes[at] ^ 1 << random() % 8);
    refusal(bytes);
    refusal(good.substr(0, random() % good.size()));
    if (HasFailure()) return;
  }
}

TEST_F(damaged_checkpoint, every_difference_of_the_model_is_in_one_sentence) {
  const auto sentence = refusal(resealed(good,
                                         [](json& s) {
                                           s["tensors"][0]["name"] = "elsewhere";
                                           s["tensors"][1]["group"] = s["groups"][0]["name"];
                                           s["groups"][1]["name"] = "third";
                                           for (json& t : s["tensors"]) {
                                             if (t["group"] == "second") t["group"] = "third";
                                           }
                                         }),
                                GRADSTEP_CORRUPT);  // the arrays keep the old name
  EXPECT_NE(sentence.find("elsewhere"), std::string::npos) << sentence;
  const auto mismatch = refusal(resealed(good,
                                         [](json& s) {
                                           s["groups"][1]["name"] = "third";
                                           for (json& t : s["tensors"]) {
                                             if (t["group"] == "second") t["group"] = "third";
                                           }
                                         }),
                                GRADSTEP_MISMATCH);
  for (const char* part : {"\"second\" is not in the file", "\"third\" of the file",
                           "\"layer.1.weight\" is of group", "\"layer.3.weight\" is of group"}) {
    EXPECT_NE(mismatch.find(part), std::string::npos) << mismatch;
  }
}

/// After every kill, a load finds the old state or the new one, whole.
TEST(killed_save, leaves_the_old_state_or_the_new_one) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  // A child is killed after a random time of up to twice what its first save takes on this machine.
  const auto begin = std::chrono::steady_clock::now();
  scripted_model stepped(bfloat16_slots());
  stepped.run(0, 3);
  save(stepped.optimizer, path);
  const std::chrono::duration<double, std::micro> one_save =
      std::chrono::steady_clock::now() - begin;
  const auto longest_wait = 1 + 2 * static_cast<unsigned>(one_save.count());
  scripted_model model(bfloat16_slots());
  std::minstd_rand random(7);
  int new_count = 0;
  save(model.optimizer, path);
  for (int kill_index = 0; kill_index < 200; ++kill_index) {
    const pid_t child = fork();
    if (child == 0) {
      model.run(0, 3);
      for (;;) gradstep_optimizer_save(model.optimizer.get(), path.c_str(), with_params);
    }
    usleep(static_cast<useconds_t>(random() % longest_wait));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    auto fresh = bfloat16_slots();
    fresh.is_fresh = true;
    scripted_model loaded(fresh);
    load(loaded.optimizer, path);
    if (loaded.state() != model.state()) {
      expect_same_bytes(loaded.state(), stepped.state());
      ++new_count;
    }
    if (testing::Test::HasFailure()) return;
    if (kill_index % 10 == 9) save(model.optimizer, path);  // back to the old state
  }
  EXPECT_GT(new_count, 0);  // otherwise no child has saved
}

}  // namespace
}  // namespace gradstep_test

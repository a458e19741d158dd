// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target over its corpus, and over what becomes of it when bytes
// are changed.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "httpstream/spdy/testing/golden.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace fairway::httpstream::spdy {
namespace {

std::vector<std::string> Corpus() {
  std::vector<std::string> corpus = {"", std::string(1, '\0')};
  std::string all;
  const nlohmann::json golden = ReadGolden("spdy_frames.json");
  for (const auto& frame : golden["frames"]) {
    if (!frame.contains("hex")) continue;
    corpus.push_back(absl::HexStringToBytes(frame["hex"].get<std::string>()));
    all += corpus.back();
  }
  corpus.push_back(all);
  for (const char* name :
       {"session-kubectl-1.20.json", "session-kubectl-1.36.json"}) {
    for (const char* from : {"client", "server"}) {
      std::string side;
      for (const std::string& chunk : SpdyChunks(ReadGolden(name), from)) {
        side += chunk;
      }
      corpus.push_back(side);
    }
  }
  return corpus;
}

void Replay(const std::string& input) {
  EXPECT_EQ(LLVMFuzzerTestOneInput(
                reinterpret_cast<const uint8_t*>(input.data()), input.size()),
            0);
}

TEST(FramerFuzzTest, Corpus) {
  for (const std::string& input : Corpus()) Replay(input);
}

TEST(FramerFuzzTest, ChangedCorpus) {
  std::mt19937 random(1);
  for (const std::string& input : Corpus()) {
    if (input.empty()) continue;
    for (int i = 0; i < 2000; ++i) {
      std::string changed = input;
      const int changes = 1 + static_cast<int>(random() % 4);
      for (int change = 0; change < changes; ++change) {
        changed[random() % changed.size()] = static_cast<char>(random());
      }
      if (random() % 4 == 0) changed.resize(random() % changed.size());
      Replay(changed);
    }
  }
}

}  // namespace
}  // namespace fairway::httpstream::spdy

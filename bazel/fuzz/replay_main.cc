// SPDX-License-Identifier: Apache-2.0
// main() of a fuzz target where libFuzzer does not drive it: runs the target
// over each file of the corpus folders that are named, and over what becomes of
// each when some of its bytes change; the same changes at every run.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

// Shared by the files of a corpus; a target takes seconds.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t kChangedInputs = 1000;
#else
constexpr size_t kChangedInputs = 5000;
#endif
constexpr size_t kChangedBytes = 4 << 20;

std::string running;  // the input that is being run

// A finding aborts: shows what it was found with.
void ShowInput(int signal_number) {
  constexpr char kHex[] = "0123456789abcdef";
  const auto put = [](const char* text, size_t size) {
    return ::write(STDERR_FILENO, text, size) >= 0;
  };
  bool written = put("input, in hex: ", 15);
  for (size_t i = 0; written && i < running.size(); ++i) {
    const auto byte = static_cast<unsigned char>(running[i]);
    const char digits[] = {kHex[byte >> 4], kHex[byte & 15]};
    written = put(digits, sizeof(digits));
  }
  if (written) put("\n", 1);
  ::signal(signal_number, SIG_DFL);
  ::raise(signal_number);
}

void Run(const std::string& input) {
  running = input;
  // A copy of exactly its size, so that a sanitizer sees a read beyond it.
  const std::vector<uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::string Changed(std::string input, const std::string& other,
                    std::mt19937& random) {
  const size_t changes = 1 + random() % 4;
  for (size_t i = 0; i < changes && !input.empty(); ++i) {
    const size_t at = random() % input.size();
    switch (random() % 6) {
      case 0:
        input.erase(at, 1 + random() % 8);
        break;
      case 1:
        input.insert(at, 1 + random() % 8, static_cast<char>(random()));
        break;
      case 2:
        input.resize(at);
        break;
      case 3:
        input += other.substr(std::min(at, other.size()));
        break;
      default:
        input[at] = static_cast<char>(random());
    }
  }
  return input;
}

std::vector<std::string> ReadCorpus(int folder_count, char** folders) {
  std::vector<std::filesystem::path> paths;
  for (int i = 0; i < folder_count; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(folders[i])) {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> corpus;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file),
                        std::istreambuf_iterator<char>());
  }
  return corpus;
}

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGABRT, ShowInput);
  const std::vector<std::string> corpus = ReadCorpus(argc - 1, argv + 1);
  if (corpus.empty()) {
    std::fprintf(stderr, "the corpus is empty\n");
    return 1;
  }
  Run("");
  for (const std::string& input : corpus) Run(input);
  std::mt19937 random(1);
  size_t changed_inputs = 0, changed_bytes = 0;
  while (changed_inputs < kChangedInputs && changed_bytes < kChangedBytes) {
    const std::string& other = corpus[random() % corpus.size()];
    const std::string input =
        Changed(corpus[changed_inputs % corpus.size()], other, random);
    Run(input);
    ++changed_inputs;
    changed_bytes += input.size() + 1;
  }
  std::printf("%zu inputs, and %zu that were changed\n", corpus.size() + 1,
              changed_inputs);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/forward_spec.h"

#include <cstddef>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cmd/check_err.h"

namespace fairway::cmd {
namespace {

using Words = std::vector<std::string>;

constexpr char kSeparator[] = "--";
constexpr char kRequired[] =
    "TYPE/NAME and list of ports are required for port-forward";

// A target and a port.
bool IsWhole(const Words& words) { return words.size() >= 2; }

std::vector<Words> Split(const Words& args) {
  std::vector<Words> parts(1);
  for (const std::string& arg : args) {
    if (arg == kSeparator) {
      parts.emplace_back();
    } else {
      parts.back().push_back(arg);
    }
  }
  if (parts.size() > 1 && !IsWhole(parts[0])) {
    parts[1].insert(parts[1].begin(), parts[0].begin(), parts[0].end());
    parts.erase(parts.begin());
  }
  return parts;
}

absl::Status FaultyPart(size_t number, size_t parts, const Words& words,
                        absl::string_view why) {
  if (parts == 1) return UsageError("port-forward", why);
  return UsageError("port-forward",
                    absl::StrCat("forward ", number, words.empty() ? "" : " (",
                                 words.empty() ? "" : words[0],
                                 words.empty() ? "" : ")", ": ", why));
}

}  // namespace

absl::StatusOr<std::vector<ForwardSpec>> ForwardsOfArgs(const Words& args) {
  std::vector<ForwardSpec> forwards;
  if (args.empty()) return forwards;
  const std::vector<Words> parts = Split(args);
  for (size_t i = 0; i < parts.size(); ++i) {
    const Words& words = parts[i];
    for (const std::string& word : words) {
      // Behind "--" no word is a flag, so this one would be a port or a target.
      if (i > 0 && absl::StartsWith(word, "-")) {
        return FaultyPart(
            i + 1, parts.size(), words,
            absl::StrCat("flags must stand before the first --: ", word));
      }
    }
    if (!IsWhole(words)) {
      return FaultyPart(i + 1, parts.size(), words, kRequired);
    }
    ForwardSpec forward;
    forward.target = words[0];
    forward.ports.assign(words.begin() + 1, words.end());
    forwards.push_back(std::move(forward));
  }
  return forwards;
}

absl::Status NameForwards(std::vector<ForwardSpec>* forwards) {
  std::set<std::string> taken;
  for (const ForwardSpec& forward : *forwards) {
    if (forward.name.empty()) continue;
    if (!taken.insert(forward.name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("two forwards have the name \"", forward.name, "\""));
    }
  }
  for (ForwardSpec& forward : *forwards) {
    if (!forward.name.empty()) continue;
    forward.name = forward.target;
    for (int number = 2; !taken.insert(forward.name).second; ++number) {
      forward.name = absl::StrCat(forward.target, "#", number);
    }
  }
  return absl::OkStatus();
}

}  // namespace fairway::cmd

// SPDX-License-Identifier: Apache-2.0
// Mirrors: github.com/spf13/pflag: the kinds of flags and their errors
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/time/go_time.h"
#include "client/cmd/command.h"

namespace fairway::cmd {
namespace {

absl::Status SyntaxError(absl::string_view function, const std::string& value) {
  return absl::InvalidArgumentError(absl::StrCat(
      "strconv.", function, ": parsing \"", value, "\": invalid syntax"));
}

// Go's strconv.ParseBool.
absl::StatusOr<bool> ParseBool(const std::string& text) {
  for (const char* word : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == word) return true;
  }
  for (const char* word : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == word) return false;
  }
  return SyntaxError("ParseBool", text);
}

}  // namespace

Flag StringFlag(std::string name, char shorthand, std::string* target,
                std::string help) {
  Flag flag;
  flag.name = std::move(name);
  flag.shorthand = shorthand;
  flag.default_text = absl::StrCat("'", *target, "'");
  flag.help = std::move(help);
  flag.set = [target](const std::string& value) {
    *target = value;
    return absl::OkStatus();
  };
  return flag;
}

Flag BoolFlag(std::string name, char shorthand, bool* target,
              std::string help) {
  Flag flag;
  flag.name = std::move(name);
  flag.shorthand = shorthand;
  flag.default_text = *target ? "true" : "false";
  flag.help = std::move(help);
  flag.is_bool = true;
  flag.set = [target](const std::string& value) {
    absl::StatusOr<bool> parsed = ParseBool(value);
    if (parsed.ok()) *target = *parsed;
    return parsed.status();
  };
  return flag;
}

Flag IntFlag(std::string name, char shorthand, int* target, std::string help) {
  Flag flag;
  flag.name = std::move(name);
  flag.shorthand = shorthand;
  flag.default_text = absl::StrCat(*target);
  flag.help = std::move(help);
  flag.set = [target](const std::string& value) {
    return absl::SimpleAtoi(value, target) ? absl::OkStatus()
                                           : SyntaxError("ParseInt", value);
  };
  return flag;
}

Flag StringSliceFlag(std::string name, char shorthand,
                     std::vector<std::string>* target, std::string help) {
  Flag flag;
  flag.name = std::move(name);
  flag.shorthand = shorthand;
  flag.default_text = absl::StrCat("[", absl::StrJoin(*target, ","), "]");
  flag.help = std::move(help);
  flag.set = [target, first = true](const std::string& value) mutable {
    if (std::exchange(first, false)) target->clear();
    if (value.empty()) return absl::OkStatus();
    for (absl::string_view part : absl::StrSplit(value, ',')) {
      target->emplace_back(part);
    }
    return absl::OkStatus();
  };
  return flag;
}

Flag DurationFlag(std::string name, std::string* target, std::string help) {
  Flag flag;
  flag.name = std::move(name);
  flag.default_text = *target;
  flag.help = std::move(help);
  flag.set = [target](const std::string& value) {
    absl::StatusOr<absl::Duration> parsed = ParseGoDuration(value);
    if (parsed.ok()) *target = value;
    return parsed.status();
  };
  return flag;
}

}  // namespace fairway::cmd

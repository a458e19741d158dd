// SPDX-License-Identifier: Apache-2.0
// Mirrors: github.com/spf13/cobra/custom_completions.go (v1.1.1)
#include "client/cmd/completion/complete.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fairway::cmd {
namespace {

// The flag that `word` names: "--output", "-o".
const Flag* FlagOf(const std::vector<const Flag*>& flags,
                   absl::string_view word) {
  for (const Flag* flag : flags) {
    if (word == absl::StrCat("--", flag->name)) return flag;
    if (flag->shorthand != 0 && word.size() == 2 && word[0] == '-' &&
        word[1] == flag->shorthand) {
      return flag;
    }
  }
  return nullptr;
}

// Takes the flag from the cursor, if one is there. Mirrors:
// checkIfFlagCompletion. False: it is one that nobody knows.
bool TakeFlag(const std::vector<const Flag*>& flags, CompletionRequest* request,
              std::vector<std::string>* before) {
  if (std::count(before->begin(), before->end(), "--") > 0) return true;
  const std::string& word = request->to_complete;
  if (!word.empty() && word[0] == '-') {
    const size_t equals = word.find('=');
    if (equals == std::string::npos) {
      request->names_a_flag = true;
      return true;
    }
    request->flag = FlagOf(flags, word.substr(0, equals));
    request->to_complete = word.substr(equals + 1);
    return request->flag != nullptr;
  }
  if (before->empty() || before->back().size() < 2 ||
      before->back()[0] != '-' || absl::StrContains(before->back(), '=')) {
    return true;
  }
  const Flag* flag = FlagOf(flags, before->back());
  if (flag == nullptr || flag->is_bool) return true;
  request->flag = flag;
  before->pop_back();
  return true;
}

Completion CompleteFlagNames(const std::vector<const Flag*>& flags) {
  Completion completion;
  completion.directive = Completion::kNoFileComp;
  for (const Flag* flag : flags) {
    completion.candidates.push_back(
        absl::StrCat("--", flag->name, "\t", flag->help));
    if (flag->shorthand != 0) {
      completion.candidates.push_back(
          absl::StrCat("-", std::string(1, flag->shorthand), "\t", flag->help));
    }
  }
  completion.candidates.push_back("--help\tHelp for the command");
  std::sort(completion.candidates.begin(), completion.candidates.end());
  return completion;
}

Completion CompleteCommandNames(const Command& parent) {
  Completion completion;
  completion.directive = Completion::kNoFileComp;
  for (const Command& command : parent.commands) {
    if (command.short_help.empty()) continue;
    completion.candidates.push_back(
        absl::StrCat(command.name, "\t", command.short_help));
  }
  return completion;
}

// Whether every shell takes `word` for one word and nothing else.
bool IsPlain(absl::string_view word) {
  for (const char c : word) {
    if (!absl::ascii_isalnum(c) && !absl::StrContains("-._:/@%+=,", c)) {
      return false;
    }
  }
  return true;
}

}  // namespace

CompletionRequest ParseCompletion(const CommandTree& tree,
                                  const std::vector<std::string>& words) {
  CompletionRequest request;
  if (words.empty()) return request;
  request.to_complete = words.back();
  FoundCommand found =
      FindCommand(tree, std::vector<std::string>(words.begin(), --words.end()));
  if (!TakeFlag(FlagsOf(tree, *found.command), &request, &found.args)) {
    return request;
  }
  absl::StatusOr<ParsedFlags> parsed = ParseFlags(tree, found);
  if (!parsed.ok()) return request;
  request.args = std::move(parsed->args);
  // Words that are no command.
  const bool is_group =
      found.command->run == nullptr && !found.command->commands.empty();
  if (is_group && !request.args.empty()) return request;
  request.command = found.command;
  return request;
}

Task<Completion> Complete(const CommandTree& tree, Factory* factory,
                          CompletionRequest request) {
  Completion completion;
  if (request.command == nullptr) {
    completion.directive = Completion::kNoFileComp;
    co_return completion;
  }
  CompletionFunction function = request.flag != nullptr
                                    ? request.flag->complete
                                    : request.command->complete;
  if (request.names_a_flag) {
    completion = CompleteFlagNames(FlagsOf(tree, *request.command));
  } else if (request.flag == nullptr && !request.command->commands.empty()) {
    completion = CompleteCommandNames(*request.command);
  } else if (request.flag == nullptr && request.command->name == "help") {
    completion = CompleteCommandNames(*FindCommand(tree, request.args).command);
  } else if (function != nullptr) {
    Completion found =
        co_await function(factory, request.args, request.to_complete);
    completion = std::move(found);
  }
  std::vector<std::string> fitting;
  for (std::string& candidate : completion.candidates) {
    const std::string word = candidate.substr(0, candidate.find('\t'));
    if (absl::StartsWith(word, request.to_complete) && IsPlain(word)) {
      fitting.push_back(std::move(candidate));
    }
  }
  completion.candidates = std::move(fitting);
  co_return completion;
}

std::string CompletionText(const Completion& completion,
                           Descriptions descriptions) {
  std::string text;
  for (const std::string& candidate : completion.candidates) {
    const size_t end = descriptions == Descriptions::kShown
                           ? candidate.find('\n')
                           : candidate.find('\t');
    absl::StrAppend(&text, candidate.substr(0, end), "\n");
  }
  return absl::StrCat(text, ":", completion.directive, "\n");
}

}  // namespace fairway::cmd

// SPDX-License-Identifier: Apache-2.0
#include "apiserver/registry/rest/selector.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace fairway::apiserver::registry::rest {
namespace {

using Operator = Requirement::Operator;

bool IsSpecial(char c) {
  return c == '=' || c == '!' || c == '(' || c == ')' || c == ',' || c == '>' ||
         c == '<';
}

// Splits a label selector into words and operators.
class LabelLexer {
 public:
  explicit LabelLexer(absl::string_view text) : rest_(text) {}

  // Empty at the end.
  std::string Next() {
    rest_ = absl::StripLeadingAsciiWhitespace(rest_);
    if (rest_.empty()) return "";
    size_t size = 0;
    if (IsSpecial(rest_[0])) {
      const bool pair = rest_.size() > 1 && rest_[1] == '=' &&
                        (rest_[0] == '=' || rest_[0] == '!');
      size = pair ? 2 : 1;
    } else {
      while (size < rest_.size() && !IsSpecial(rest_[size]) &&
             !absl::ascii_isspace(rest_[size])) {
        ++size;
      }
    }
    std::string token(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return token;
  }

  std::string Peek() {
    const absl::string_view kept = rest_;
    std::string token = Next();
    rest_ = kept;
    return token;
  }

 private:
  absl::string_view rest_;
};

bool IsWord(const std::string& token) {
  return !token.empty() && !IsSpecial(token[0]);
}

absl::Status Unexpected(const std::string& token, absl::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat(
      "unable to parse requirement: found '", token, "', expected: ", want));
}

absl::Status ParseValues(LabelLexer& lexer, Requirement* requirement) {
  std::string token = lexer.Next();
  if (token != "(") return Unexpected(token, "'('");
  for (;;) {
    token = lexer.Next();
    if (IsWord(token)) {
      requirement->values.insert(token);
      token = lexer.Next();
    } else if (token == "," || token == ")") {
      requirement->values.insert("");
    }
    if (token == ")") return absl::OkStatus();
    if (token != ",") return Unexpected(token, "',' or ')'");
  }
}

absl::Status ParseOperator(LabelLexer& lexer, Requirement* requirement) {
  const std::string op = lexer.Next();
  if (op == "in" || op == "notin") {
    requirement->op = op == "in" ? Operator::kIn : Operator::kNotIn;
    return ParseValues(lexer, requirement);
  }
  if (op == "=" || op == "==" || op == "!=") {
    requirement->op = op == "!=" ? Operator::kNotIn : Operator::kIn;
    requirement->values.insert(IsWord(lexer.Peek()) ? lexer.Next() : "");
    return absl::OkStatus();
  }
  if (op == ">" || op == "<") {
    requirement->op = op == ">" ? Operator::kGreaterThan : Operator::kLessThan;
    const std::string value = lexer.Next();
    int64_t number;
    if (!absl::SimpleAtoi(value, &number)) {
      return absl::InvalidArgumentError(
          "for 'Gt', 'Lt' operators, the value must be an integer");
    }
    requirement->values.insert(value);
    return absl::OkStatus();
  }
  return Unexpected(op, "in, notin, =, ==, !=, gt, lt");
}

absl::Status ParseLabelRequirement(LabelLexer& lexer,
                                   Requirement* requirement) {
  std::string token = lexer.Next();
  if (token == "!") {
    requirement->op = Operator::kDoesNotExist;
    token = lexer.Next();
  }
  if (!IsWord(token)) {
    return Unexpected(token, "!, identifier, or 'end of string'");
  }
  requirement->key = token;
  if (requirement->op == Operator::kDoesNotExist) return absl::OkStatus();
  const std::string next = lexer.Peek();
  if (next.empty() || next == ",") {
    requirement->op = Operator::kExists;
    return absl::OkStatus();
  }
  return ParseOperator(lexer, requirement);
}

absl::Status BadField(absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat(
      "invalid selector: '", text, "'; can't understand '", text, "'"));
}

}  // namespace

bool Requirement::Matches(const std::string* value) const {
  int64_t have = 0;
  int64_t want = 0;
  switch (op) {
    case Operator::kIn:
      return value != nullptr && values.count(*value) > 0;
    case Operator::kNotIn:
      return value == nullptr || values.count(*value) == 0;
    case Operator::kExists:
      return value != nullptr;
    case Operator::kDoesNotExist:
      return value == nullptr;
    case Operator::kGreaterThan:
    case Operator::kLessThan:
      if (value == nullptr || values.empty() ||
          !absl::SimpleAtoi(*value, &have) ||
          !absl::SimpleAtoi(*values.begin(), &want)) {
        return false;
      }
      return op == Operator::kGreaterThan ? have > want : have < want;
  }
  return false;
}

absl::StatusOr<Requirements> ParseLabelSelector(absl::string_view text) {
  Requirements result;
  LabelLexer lexer(text);
  if (lexer.Peek().empty()) return result;
  for (;;) {
    Requirement requirement;
    absl::Status parsed = ParseLabelRequirement(lexer, &requirement);
    if (!parsed.ok()) return parsed;
    result.push_back(std::move(requirement));
    const std::string token = lexer.Next();
    if (token.empty()) return result;
    if (token != ",") return Unexpected(token, "',' or 'end of string'");
  }
}

absl::StatusOr<Requirements> ParseFieldSelector(absl::string_view text) {
  Requirements result;
  Requirement requirement;
  std::string word;
  bool have_operator = false;
  auto finish = [&]() {
    if (!have_operator || requirement.key.empty()) return false;
    requirement.values = {word};
    result.push_back(requirement);
    requirement = Requirement();
    word.clear();
    have_operator = false;
    return true;
  };
  if (text.empty()) return result;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      if (++i == text.size()) return BadField(text);
      word += text[i];
    } else if (c == ',') {
      if (!finish()) return BadField(text);
    } else if (!have_operator && (c == '=' || c == '!')) {
      if (c == '!' && (i + 1 == text.size() || text[i + 1] != '=')) {
        return BadField(text);
      }
      requirement.op = c == '!' ? Operator::kNotIn : Operator::kIn;
      if (i + 1 < text.size() && text[i + 1] == '=') ++i;
      requirement.key = std::exchange(word, "");
      have_operator = true;
    } else if (c == '=') {
      return BadField(text);
    } else {
      word += c;
    }
  }
  if (!finish()) return BadField(text);
  return result;
}

absl::StatusOr<Requirements> LabelSelectorAsSelector(const Json& selector) {
  static const auto* const kOperators =
      new std::map<std::string, Requirement::Operator>{
          {"In", Requirement::Operator::kIn},
          {"NotIn", Requirement::Operator::kNotIn},
          {"Exists", Requirement::Operator::kExists},
          {"DoesNotExist", Requirement::Operator::kDoesNotExist},
      };
  Requirements result;
  if (const Json* labels = At(selector, {"matchLabels"})) {
    for (const auto& [key, value] : labels->items()) {
      if (!value.is_string()) continue;
      result.push_back(
          {key, Requirement::Operator::kIn, {value.get<std::string>()}});
    }
  }
  for (const Json& expression : ArrayAt(selector, {"matchExpressions"})) {
    const std::string op = StringAt(expression, {"operator"});
    auto found = kOperators->find(op);
    if (found == kOperators->end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", op, "\" is not a valid pod selector operator"));
    }
    Requirement requirement;
    requirement.key = StringAt(expression, {"key"});
    requirement.op = found->second;
    for (const Json& value : ArrayAt(expression, {"values"})) {
      if (value.is_string())
        requirement.values.insert(value.get<std::string>());
    }
    result.push_back(std::move(requirement));
  }
  return result;
}

bool MatchesLabels(const Requirements& selector, const Json& object) {
  for (const Requirement& requirement : selector) {
    const Json* label =
        At(object, {"metadata", "labels", requirement.key.c_str()});
    const bool present = label != nullptr && label->is_string();
    const std::string value = present ? label->get<std::string>() : "";
    if (!requirement.Matches(present ? &value : nullptr)) return false;
  }
  return true;
}

bool MatchesFields(const Requirements& selector, const FieldMap& fields) {
  for (const Requirement& requirement : selector) {
    auto it = fields.find(requirement.key);
    if (!requirement.Matches(it == fields.end() ? nullptr : &it->second)) {
      return false;
    }
  }
  return true;
}

}  // namespace fairway::apiserver::registry::rest

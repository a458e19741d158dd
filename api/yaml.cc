// SPDX-License-Identifier: Apache-2.0
// Mirrors: sigs.k8s.io/yaml (v1.2.0), k8s.io/apimachinery/pkg/util/yaml
// YAML 1.1 as Kubernetes reads it. Documents are built from the parser's
// events, not from its node graph: so an alias is charged for all that it
// repeats before it is copied.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <cmath>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "api/json.h"
#include "api/object.h"

namespace fairway::api {
namespace {

using nlohmann::json;

// An API server takes no object above 3 MiB.
constexpr size_t kMaxYamlBytes = 4 << 20;
constexpr size_t kMaxYamlNodes = 200000;
constexpr size_t kMaxYamlDocuments = 10000;

class YamlError : public std::runtime_error {
 public:
  YamlError(const YAML::Mark& mark, const std::string& what)
      : std::runtime_error(absl::StrCat("yaml: line ", mark.line + 1,
                                        ", column ", mark.column + 1, ": ",
                                        what)) {}
};

bool IsOneOf(absl::string_view text,
             std::initializer_list<absl::string_view> words) {
  for (absl::string_view word : words) {
    if (text == word) return true;
  }
  return false;
}

// Go's strconv.ParseInt and ParseUint with base 0: 0x1f, 0o17, 017, 0b11.
bool ParseInteger(absl::string_view text, json* out) {
  absl::string_view digits = text;
  bool negative = false;
  if (absl::ConsumePrefix(&digits, "-")) {
    negative = true;
  } else {
    absl::ConsumePrefix(&digits, "+");
  }
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    const char kind = absl::ascii_tolower(digits[1]);
    base = kind == 'x' ? 16 : kind == 'b' ? 2 : 8;
    digits.remove_prefix(base == 8 && kind != 'o' ? 1 : 2);
  }
  if (digits.empty()) return false;
  uint64_t value = 0;
  for (char c : digits) {
    const char lower = absl::ascii_tolower(c);
    int digit = 99;
    if (absl::ascii_isdigit(c)) digit = c - '0';
    if (lower >= 'a' && lower <= 'f') digit = lower - 'a' + 10;
    if (digit >= base) return false;
    if (value > (UINT64_MAX - digit) / base) return false;
    value = value * base + digit;
  }
  constexpr uint64_t kMostNegative = uint64_t{1} << 63;
  if (!negative) {
    *out = value;
    return true;
  }
  if (value > kMostNegative) return false;
  *out = static_cast<int64_t>(-value);
  return true;
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool ParseFloat(absl::string_view text, json* out) {
  absl::string_view rest = text;
  const auto digits = [&rest] {
    size_t count = 0;
    while (!rest.empty() && absl::ascii_isdigit(rest[0])) {
      rest.remove_prefix(1);
      ++count;
    }
    return count;
  };
  const auto sign = [&rest] {
    if (!absl::ConsumePrefix(&rest, "-")) absl::ConsumePrefix(&rest, "+");
  };
  sign();
  const size_t whole = digits();
  size_t fraction = 0;
  if (absl::ConsumePrefix(&rest, ".")) fraction = digits();
  if (whole + fraction == 0) return false;
  if (absl::ConsumePrefix(&rest, "e") || absl::ConsumePrefix(&rest, "E")) {
    sign();
    if (digits() == 0) return false;
  }
  if (!rest.empty()) return false;
  double value = 0;
  if (!absl::SimpleAtod(text, &value) || !std::isfinite(value)) return false;
  // Go writes a whole number without a point.
  if (value == std::trunc(value) && std::fabs(value) < 1e15) {
    *out = static_cast<int64_t>(value);
  } else {
    *out = value;
  }
  return true;
}

// What a plain scalar stands for in YAML 1.1.
json ResolvePlain(const std::string& text) {
  if (IsOneOf(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
  if (IsOneOf(text, {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE",
                     "on", "On", "ON"})) {
    return true;
  }
  if (IsOneOf(text, {"n", "N", "no", "No", "NO", "false", "False", "FALSE",
                     "off", "Off", "OFF"})) {
    return false;
  }
  const char first = text[0];
  if (absl::ascii_isdigit(first) || first == '-' || first == '+' ||
      first == '.') {
    json number;
    const std::string plain = absl::StrReplaceAll(text, {{"_", ""}});
    if (ParseInteger(plain, &number) || ParseFloat(plain, &number)) {
      return number;
    }
  }
  return text;
}

bool IsInfinityOrNan(absl::string_view text) {
  absl::string_view rest = text;
  if (!absl::ConsumePrefix(&rest, "-")) absl::ConsumePrefix(&rest, "+");
  return IsOneOf(rest, {".inf", ".Inf", ".INF"}) ||
         IsOneOf(text, {".nan", ".NaN", ".NAN"});
}

json ResolveScalar(const YAML::Mark& mark, const std::string& tag,
                   const std::string& text) {
  constexpr absl::string_view kCore = "tag:yaml.org,2002:";
  absl::string_view name = tag;
  if (!absl::ConsumePrefix(&name, kCore)) {
    if (tag != "?") return text;  // quoted, or of a tag of somebody's own
    if (IsInfinityOrNan(text)) {
      throw YamlError(mark, "JSON has no value for " + text);
    }
    return ResolvePlain(text);
  }
  if (name == "binary") {
    std::string decoded;
    if (!absl::Base64Unescape(text, &decoded)) {
      throw YamlError(mark, "!!binary value contains invalid base64 data");
    }
    return decoded;
  }
  if (IsOneOf(name, {"int", "float", "bool", "null"})) {
    const json value = ResolvePlain(text);
    const bool fits = name == "bool"   ? value.is_boolean()
                      : name == "null" ? value.is_null()
                                       : value.is_number();
    if (!fits) {
      throw YamlError(
          mark, absl::StrCat("cannot decode \"", text, "\" as a !!", name));
    }
    return value;
  }
  return text;
}

// Builds one JSON document from the events of one YAML document.
class JsonBuilder : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {
    root_ = nullptr;
    anchors_.clear();
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(mark, anchor, nullptr, 1);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& value) override {
    if (tag == "?" && value == "<<" && WantsKey()) {
      open_.back().next_is_merge = true;
    }
    Add(mark, anchor, ResolveScalar(mark, tag, value), 1);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto it = anchors_.find(anchor);
    if (it == anchors_.end()) {
      throw YamlError(mark, "anchor value contains itself");
    }
    Charge(mark, it->second.nodes);
    if (open_.size() + it->second.depth > kMaxJsonDepth) {
      throw YamlError(mark, "nested too deep");
    }
    const Anchored& source = it->second;
    if (!open_.empty()) {
      open_.back().depth = std::max(open_.back().depth, source.depth);
    }
    Place(mark, source.value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, anchor, json::array());
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&,
                  YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    Open(mark, anchor, json::object());
  }
  void OnSequenceEnd() override { CloseTop(); }
  void OnMapEnd() override { CloseTop(); }

  json TakeRoot() { return std::move(root_); }

 private:
  struct Level {
    json value;
    YAML::anchor_t anchor = YAML::NullAnchor;
    YAML::Mark mark;
    size_t nodes_before = 0;
    size_t depth = 0;  // of what it contains
    // Of an object: the key that waits for its value.
    bool has_key = false;
    std::string key;
    bool next_is_merge = false;
    bool merging = false;
  };
  struct Anchored {
    json value;
    size_t nodes = 1;
    size_t depth = 0;
  };

  bool WantsKey() const {
    return !open_.empty() && open_.back().value.is_object() &&
           !open_.back().has_key;
  }

  void Charge(const YAML::Mark& mark, size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > kMaxYamlNodes) {
      throw YamlError(mark, "document contains excessive aliasing or nodes");
    }
  }

  void Open(const YAML::Mark& mark, YAML::anchor_t anchor, json value) {
    if (WantsKey()) throw YamlError(mark, "a key must be a scalar");
    if (open_.size() >= static_cast<size_t>(kMaxJsonDepth)) {
      throw YamlError(mark, "nested too deep");
    }
    Level level;
    level.value = std::move(value);
    level.anchor = anchor;
    level.mark = mark;
    level.nodes_before = nodes_;
    Charge(mark, 1);
    open_.push_back(std::move(level));
  }

  void CloseTop() {
    Level level = std::move(open_.back());
    open_.pop_back();
    const size_t depth = level.depth + 1;
    if (level.anchor != YAML::NullAnchor) {
      anchors_[level.anchor] = {level.value, nodes_ - level.nodes_before,
                                depth};
      // The copy that is kept counts too.
      Charge(level.mark, nodes_ - level.nodes_before);
    }
    if (!open_.empty()) {
      open_.back().depth = std::max(open_.back().depth, depth);
    }
    Place(level.mark, std::move(level.value));
  }

  void Add(const YAML::Mark& mark, YAML::anchor_t anchor, json value,
           size_t nodes) {
    size_t cost = nodes;
    // A long string is worth many nodes when it is repeated.
    if (value.is_string()) {
      cost += value.get_ref<const std::string&>().size() / 256;
    }
    Charge(mark, cost);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = {value, cost, 0};
    Place(mark, std::move(value));
  }

  void Place(const YAML::Mark& mark, json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Level& top = open_.back();
    if (top.value.is_array()) {
      top.value.push_back(std::move(value));
    } else if (!top.has_key) {
      top.key = KeyText(mark, value);
      top.has_key = true;
      top.merging = std::exchange(top.next_is_merge, false);
    } else {
      top.has_key = false;
      if (top.merging) {
        Merge(mark, top, value);
      } else {
        top.value[top.key] = std::move(value);
      }
    }
  }

  static std::string KeyText(const YAML::Mark& mark, const json& key) {
    if (key.is_string()) return key.get_ref<const std::string&>();
    if (key.is_structured()) throw YamlError(mark, "a key must be a scalar");
    return key.is_null() ? "null" : DumpJson(key);
  }

  static void Merge(const YAML::Mark& mark, Level& into, const json& from) {
    if (from.is_array()) {
      for (const json& element : from) {
        if (!element.is_object()) {
          throw YamlError(mark, "map merge requires map or sequence of maps");
        }
        Merge(mark, into, element);
      }
      return;
    }
    if (!from.is_object()) {
      throw YamlError(mark, "map merge requires map or sequence of maps");
    }
    for (auto it = from.begin(); it != from.end(); ++it) {
      if (into.value.contains(it.key())) continue;
      into.value[it.key()] = *it;
    }
  }

  json root_;
  std::vector<Level> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  size_t nodes_ = 0;
};

// The documents of `yaml`; one that is empty is null.
absl::StatusOr<std::vector<json>> ReadYaml(absl::string_view yaml) {
  if (yaml.size() > kMaxYamlBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "yaml: ", yaml.size(), " bytes: want at most ", kMaxYamlBytes));
  }
  std::vector<json> documents;
  try {
    std::istringstream in((std::string(yaml)));
    YAML::Parser parser(in);
    JsonBuilder builder;
    while (parser.HandleNextDocument(builder)) {
      documents.push_back(builder.TakeRoot());
      if (documents.size() > kMaxYamlDocuments) {
        return absl::InvalidArgumentError("yaml: too many documents");
      }
    }
  } catch (const YamlError& error) {
    return absl::InvalidArgumentError(error.what());
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(YamlError(error.mark, error.msg).what());
  }
  return documents;
}

absl::StatusOr<std::vector<std::string>> SplitJson(absl::string_view text) {
  std::vector<std::string> documents;
  while (true) {
    text = absl::StripLeadingAsciiWhitespace(text);
    if (text.empty()) return documents;
    if (text[0] != '{') {
      return absl::InvalidArgumentError(
          "json: want objects, one behind the other");
    }
    absl::StatusOr<size_t> bytes = FirstObjectBytes(text);
    if (!bytes.ok()) return bytes.status();
    absl::StatusOr<json> value = ParseJson(text.substr(0, *bytes));
    if (!value.ok()) return value.status();
    documents.emplace_back(text.substr(0, *bytes));
    text.remove_prefix(*bytes);
  }
}

// What an older YAML reader takes for a date: "2006-1-2", with or without time.
bool IsTimestamp(absl::string_view text) {
  const auto digits = [&text](size_t least, size_t most) {
    size_t count = 0;
    while (count < text.size() && absl::ascii_isdigit(text[count])) ++count;
    text.remove_prefix(count);
    return count >= least && count <= most;
  };
  return digits(4, 4) && absl::ConsumePrefix(&text, "-") && digits(1, 2) &&
         absl::ConsumePrefix(&text, "-") && digits(1, 2) &&
         (text.empty() || IsOneOf(text.substr(0, 1), {"T", "t", " "}));
}

// Whether `text` may stand unquoted and be read as the same string again.
bool IsPlainSafe(const std::string& text) {
  if (!ResolvePlain(text).is_string() || IsInfinityOrNan(text) ||
      IsTimestamp(text)) {
    return false;
  }
  if (absl::StrContains("-?:,[]{}#&*!|>'\"%@`= \t<", text.substr(0, 1))) {
    // An indicator begins a plain scalar only when a word follows it.
    const bool word = text.size() > 1 && text[1] != ' ' &&
                      absl::StrContains("-?:", text.substr(0, 1));
    if (!word || absl::StartsWith(text, "---")) return false;
  }
  if (absl::StartsWith(text, "...")) return false;
  if (text.back() == ' ' || text.back() == ':') return false;
  if (absl::StrContains(text, ": ") || absl::StrContains(text, " #")) {
    return false;
  }
  for (unsigned char c : text) {
    if (c < 0x20 || c == 0x7f) return false;
  }
  return true;
}

std::string ScalarYaml(const json& value) {
  if (!value.is_string()) return DumpJson(value);
  const std::string& text = value.get_ref<const std::string&>();
  if (IsPlainSafe(text)) return text;
  // What would be read as something else is a JSON string, and so is text
  // with control bytes: JSON's escapes are YAML's too.
  if (!ResolvePlain(text).is_string() || IsTimestamp(text)) {
    return DumpJson(value);
  }
  for (unsigned char c : text) {
    if (c < 0x20 || c == 0x7f) return DumpJson(value);
  }
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}}), "'");
}

// Whether `text` can be a literal block ("|").
bool IsLiteral(const json& value) {
  if (!value.is_string()) return false;
  const std::string& text = value.get_ref<const std::string&>();
  if (!absl::StrContains(text, "\n") || text[0] == ' ' || text[0] == '\n') {
    return false;
  }
  for (unsigned char c : text) {
    if ((c < 0x20 && c != '\n') || c == 0x7f) return false;
  }
  return !absl::StrContains(text, " \n") && text.back() != ' ';
}

void AppendLiteral(const std::string& text, int indent, std::string* out) {
  const bool keep = absl::EndsWith(text, "\n\n");
  const bool clip = absl::EndsWith(text, "\n");
  absl::StrAppend(out, keep ? "|+" : clip ? "|" : "|-", "\n");
  const std::string margin(indent, ' ');
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin) {
      absl::StrAppend(out, margin, text.substr(begin, end - begin));
    }
    out->push_back('\n');
    begin = end + 1;
  }
}

void AppendYaml(const json& value, int indent, std::string* out);

// What follows "key:" or "-": on the same line or below.
void AppendValue(const json& value, int indent, std::string* out) {
  if (value.is_structured() && !value.empty()) {
    // A list stands at its key's own column.
    const int inner = value.is_array() ? indent : indent + 2;
    out->push_back('\n');
    out->append(inner, ' ');
    AppendYaml(value, inner, out);
    return;
  }
  out->push_back(' ');
  if (IsLiteral(value)) {
    AppendLiteral(value.get_ref<const std::string&>(), indent + 2, out);
  } else {
    absl::StrAppend(out, ScalarYaml(value), "\n");
  }
}

// The first line's indentation has been written.
void AppendYaml(const json& value, int indent, std::string* out) {
  bool first = true;
  const auto begin_line = [&] {
    if (!std::exchange(first, false)) out->append(indent, ' ');
  };
  if (value.is_object() && !value.empty()) {
    for (auto it = value.begin(); it != value.end(); ++it) {
      begin_line();
      absl::StrAppend(out, ScalarYaml(json(it.key())), ":");
      AppendValue(*it, indent, out);
    }
  } else if (value.is_array() && !value.empty()) {
    for (const json& element : value) {
      begin_line();
      out->push_back('-');
      if (element.is_structured() && !element.empty()) {
        out->push_back(' ');
        AppendYaml(element, indent + 2, out);
      } else {
        AppendValue(element, indent, out);
      }
    }
  } else if (IsLiteral(value)) {
    AppendLiteral(value.get_ref<const std::string&>(), indent + 2, out);
  } else {
    absl::StrAppend(out, ScalarYaml(value), "\n");
  }
}

}  // namespace

absl::StatusOr<std::string> YamlToJson(absl::string_view yaml) {
  absl::StatusOr<std::vector<json>> documents = ReadYaml(yaml);
  if (!documents.ok()) return documents.status();
  if (documents->size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("yaml: want one document, got ", documents->size()));
  }
  if (documents->empty()) return std::string("null");
  return DumpJson((*documents)[0]);
}

absl::StatusOr<std::vector<std::string>> ManifestsToJson(
    absl::string_view text) {
  const absl::string_view stripped = absl::StripLeadingAsciiWhitespace(text);
  if (!stripped.empty() && stripped[0] == '{') return SplitJson(stripped);
  absl::StatusOr<std::vector<json>> documents = ReadYaml(text);
  if (!documents.ok()) return documents.status();
  std::vector<std::string> manifests;
  for (const json& document : *documents) {
    if (!document.is_null()) manifests.push_back(DumpJson(document));
  }
  return manifests;
}

absl::StatusOr<std::string> JsonToYaml(absl::string_view text) {
  absl::StatusOr<json> value = ParseJson(text);
  if (!value.ok()) return value.status();
  std::string out;
  AppendYaml(*value, 0, &out);
  return out;
}

}  // namespace fairway::api

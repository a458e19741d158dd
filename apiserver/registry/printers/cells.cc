// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/printers/internalversion/printers.go (v1.20.2)
#include "apiserver/registry/printers/cells.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/time/go_time.h"

namespace fairway::apiserver::printers {
namespace {

// A label or an expression, by its key.
using Piece = std::pair<std::string, std::string>;

std::string TextOf(const Json& value) {
  return value.is_string() ? value.get<std::string>() : "";
}

void AddLabels(const Json* map, std::vector<Piece>* pieces) {
  if (map == nullptr || !map->is_object()) return;
  for (const auto& [key, value] : map->items()) {
    pieces->emplace_back(key, absl::StrCat(key, "=", TextOf(value)));
  }
}

std::string Joined(std::vector<Piece> pieces) {
  std::stable_sort(
      pieces.begin(), pieces.end(),
      [](const Piece& a, const Piece& b) { return a.first < b.first; });
  std::vector<std::string> texts;
  for (Piece& piece : pieces) texts.push_back(std::move(piece.second));
  return OrElse(absl::StrJoin(texts, ","), kNone);
}

}  // namespace

std::string OrElse(std::string text, const char* otherwise) {
  return text.empty() ? otherwise : text;
}

std::string NameOf(const Json& object) {
  return StringAt(object, {"metadata", "name"});
}

std::string Age(const Json& object, absl::Time now) {
  absl::Time created;
  if (!absl::ParseTime(absl::RFC3339_full,
                       StringAt(object, {"metadata", "creationTimestamp"}),
                       &created, nullptr)) {
    return kUnknown;
  }
  return HumanDuration(now - created);
}

std::string FormatLabels(const Json* map) {
  std::vector<Piece> pieces;
  AddLabels(map, &pieces);
  return Joined(std::move(pieces));
}

std::string FormatLabelSelector(const Json* selector) {
  if (selector == nullptr) return kNone;
  std::vector<Piece> pieces;
  AddLabels(At(*selector, {"matchLabels"}), &pieces);
  for (const Json& expression : ArrayAt(*selector, {"matchExpressions"})) {
    const std::string key = StringAt(expression, {"key"});
    const std::string op = StringAt(expression, {"operator"});
    std::vector<std::string> values;
    for (const Json& value : ArrayAt(expression, {"values"})) {
      values.push_back(TextOf(value));
    }
    std::sort(values.begin(), values.end());
    std::string text = op == "DoesNotExist" ? "!" + key : key;
    if (op == "In" || op == "NotIn") {
      absl::StrAppend(&text, op == "In" ? " in (" : " notin (",
                      absl::StrJoin(values, ","), ")");
    }
    pieces.emplace_back(key, std::move(text));
  }
  return Joined(std::move(pieces));
}

}  // namespace fairway::apiserver::printers

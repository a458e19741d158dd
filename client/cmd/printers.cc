// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/cli-runtime/pkg/printers/tableprinter.go (v0.20.2)
#include "client/cmd/printers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "api/json.h"
#include "base/time/go_time.h"

namespace fairway::cmd {
namespace {

using nlohmann::json;

constexpr size_t kColumnPadding = 3;
constexpr size_t kColumnMinWidth = 6;

const json& At(const json& object, const char* field) {
  static const auto* const kNull = new json;
  if (!object.is_object()) return *kNull;
  auto it = object.find(field);
  return it != object.end() ? *it : *kNull;
}

// The elements of a list; none of what is no list.
const json& ListAt(const json& object, const char* field) {
  static const auto* const kEmpty = new json(json::array());
  const json& list = At(object, field);
  return list.is_array() ? list : *kEmpty;
}

std::string MetadataOf(const json& object, const char* field) {
  const json& value = At(At(object, "metadata"), field);
  return value.is_string() ? value.get<std::string>() : "";
}

// One line of text; control bytes of a server's do not reach the terminal.
std::string CellText(const json& cell) {
  if (cell.is_null()) return "";
  std::string text =
      cell.is_string() ? cell.get<std::string>() : api::DumpJson(cell);
  const size_t newline = text.find('\n');
  if (newline != std::string::npos) {
    text = absl::StrCat(text.substr(0, newline), "...");
  }
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

std::string Age(const json& object, absl::Time now) {
  absl::Time created;
  if (!absl::ParseTime(absl::RFC3339_full,
                       MetadataOf(object, "creationTimestamp"), &created,
                       nullptr)) {
    return "<unknown>";
  }
  return HumanDuration(now - created);
}

class RowCollector {
 public:
  RowCollector(const TableOptions& options, absl::Time now)
      : options_(options), now_(now) {}

  void Add(const json& answer) {
    if (At(answer, "kind") == "Table") {
      AddTable(answer);
    } else if (At(answer, "items").is_array()) {
      for (const json& item : ListAt(answer, "items")) AddObject(item);
    } else {
      AddObject(answer);
    }
  }

  std::vector<Row> Take() { return std::move(rows_); }

 private:
  void AddTable(const json& table) {
    std::vector<bool> shown;
    Row header;
    for (const json& column : ListAt(table, "columnDefinitions")) {
      shown.push_back(options_.width == TableWidth::kWide ||
                      At(column, "priority") == 0);
      if (shown.back()) {
        header.push_back(absl::AsciiStrToUpper(CellText(At(column, "name"))));
      }
    }
    for (const json& row : ListAt(table, "rows")) {
      const json& cells = ListAt(row, "cells");
      Row texts;
      for (size_t i = 0; i < cells.size() && i < shown.size(); ++i) {
        if (shown[i]) texts.push_back(CellText(cells[i]));
      }
      AddRow(header, std::move(texts), At(row, "object"));
    }
  }

  void AddObject(const json& object) {
    if (!object.is_object()) return;
    AddRow({"NAME", "AGE"},
           {CellText(MetadataOf(object, "name")), Age(object, now_)}, object);
  }

  void AddRow(Row header, Row row, const json& object) {
    if (options_.with_namespace) {
      header.insert(header.begin(), "NAMESPACE");
      row.insert(row.begin(), CellText(MetadataOf(object, "namespace")));
    }
    if (rows_.empty() && !options_.no_headers) {
      rows_.push_back(std::move(header));
    }
    rows_.push_back(std::move(row));
  }

  const TableOptions options_;
  const absl::Time now_;
  std::vector<Row> rows_;
};

}  // namespace

std::string FormatTable(const std::vector<Row>& rows) {
  std::vector<size_t> widths;
  for (const Row& row : rows) {
    if (widths.size() < row.size()) widths.resize(row.size(), 0);
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(
          {widths[i], row[i].size() + kColumnPadding, kColumnMinWidth});
    }
  }
  std::string out;
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - row[i].size(), ' ');
    }
    out += "\n";
  }
  return out;
}

std::vector<Row> TableRows(const std::vector<json>& answers,
                           const TableOptions& options, absl::Time now) {
  RowCollector collector(options, now);
  for (const json& answer : answers) collector.Add(answer);
  return collector.Take();
}

}  // namespace fairway::cmd

// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/stats_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace fairway::cmd {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kRateWidth = 6;       // "999K/s"
constexpr size_t kRoundTripWidth = 5;  // "999us"
constexpr absl::string_view kNone = "-";

enum class Align { kLeft, kRight };

struct Column {
  absl::string_view title;
  Align align;
  size_t min_width;  // 0: is never cut
  // Columns are left out from the highest on; 0: never.
  int dispensable;
  std::string (*cell)(const StatsRow& row);
  // So wide at least: what changes each second must not move the others.
  size_t width = 0;
};

std::string Printable(absl::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

std::string OrNone(const std::string& text) {
  return text.empty() ? std::string(kNone) : Printable(text);
}

std::string Rate(double bytes_per_second) {
  return absl::StrCat(HumanBytes(bytes_per_second), "/s");
}

std::vector<Column> Columns() {
  using Row = const StatsRow&;
  return {
      {"FORWARD", Align::kLeft, 10, 1,
       [](Row row) { return OrNone(row.forward); }},
      {"LOCAL", Align::kLeft, 9, 0, [](Row row) { return OrNone(row.local); }},
      {"POD", Align::kLeft, 12, 0, [](Row row) { return OrNone(row.pod); }},
      {"OPEN", Align::kRight, 0, 0,
       [](Row row) { return absl::StrCat(row.open); }},
      {"TOTAL", Align::kRight, 0, 5,
       [](Row row) { return absl::StrCat(row.total); }},
      {"SENT", Align::kRight, 0, 4,
       [](Row row) { return HumanBytes(static_cast<double>(row.sent_bytes)); }},
      {"RATE", Align::kRight, 0, 0,
       [](Row row) { return Rate(row.sent_per_second); }, kRateWidth},
      {"RECV", Align::kRight, 0, 3,
       [](Row row) {
         return HumanBytes(static_cast<double>(row.received_bytes));
       }},
      {"RATE", Align::kRight, 0, 0,
       [](Row row) { return Rate(row.received_per_second); }, kRateWidth},
      {"RTT", Align::kRight, 0, 2,
       [](Row row) {
         return row.round_trip.has_value() ? HumanRoundTrip(*row.round_trip)
                                           : std::string(kNone);
       },
       kRoundTripWidth},
  };
}

size_t WidthOf(const std::vector<Column>& columns) {
  size_t width = 0;
  for (const Column& column : columns) width += column.width + kGap;
  return columns.empty() ? 0 : width - kGap;
}

// The width of the columns when each is as narrow as it may be.
size_t LeastWidthOf(std::vector<Column> columns) {
  for (Column& column : columns) {
    if (column.min_width > 0) {
      column.width = std::min(column.width, column.min_width);
    }
  }
  return WidthOf(columns);
}

// Leaves columns out until the others can be made to fit, then narrows the
// widest of those that may be, step by step.
void Fit(std::vector<Column>& columns, size_t width) {
  while (LeastWidthOf(columns) > width) {
    auto first = std::max_element(columns.begin(), columns.end(),
                                  [](const Column& a, const Column& b) {
                                    return a.dispensable < b.dispensable;
                                  });
    if (first->dispensable == 0) break;
    columns.erase(first);
  }
  while (WidthOf(columns) > width) {
    Column* widest = nullptr;
    for (Column& column : columns) {
      if (column.min_width == 0 || column.width <= column.min_width) continue;
      if (widest == nullptr || column.width > widest->width) widest = &column;
    }
    if (widest == nullptr) return;
    --widest->width;
  }
}

// The ends of a name, and of an error, tell more than the middle.
std::string Cut(const std::string& text, size_t width) {
  constexpr absl::string_view kCut = "..";
  if (text.size() <= width) return text;
  if (width <= kCut.size()) return text.substr(0, width);
  const size_t kept = width - kCut.size();
  const size_t tail = kept / 2;
  return absl::StrCat(text.substr(0, kept - tail), kCut,
                      text.substr(text.size() - tail));
}

void Append(const Column& column, const std::string& text, std::string* line) {
  const std::string cell = Cut(text, column.width);
  const std::string pad(column.width - cell.size(), ' ');
  if (!line->empty()) line->append(kGap, ' ');
  absl::StrAppend(line, column.align == Align::kRight ? pad : "", cell,
                  column.align == Align::kLeft ? pad : "");
}

}  // namespace

std::string HumanBytes(double bytes) {
  constexpr absl::string_view kUnits = "BKMGTPE";
  size_t unit = 0;
  // What would be rounded to four digits is shown in the next unit.
  while (bytes >= 999.5 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  const std::string letter(1, kUnits[unit]);
  if (unit == 0 || bytes >= 9.95) {
    return absl::StrFormat("%.0f%s", bytes, letter);
  }
  return absl::StrFormat("%.1f%s", bytes, letter);
}

std::string HumanRoundTrip(absl::Duration round_trip) {
  const double us = absl::ToDoubleMicroseconds(round_trip);
  if (us < 999.5) return absl::StrFormat("%.0fus", us);
  if (us < 9950) return absl::StrFormat("%.1fms", us / 1e3);
  if (us < 999500) return absl::StrFormat("%.0fms", us / 1e3);
  return absl::StrFormat("%.1fs", us / 1e6);
}

std::vector<std::string> StatsLines(absl::Span<const StatsRow> rows,
                                    size_t width) {
  std::vector<Column> columns = Columns();
  for (Column& column : columns) {
    column.width = std::max(column.width, column.title.size());
    for (const StatsRow& row : rows) {
      column.width = std::max(column.width, column.cell(row).size());
    }
  }
  Fit(columns, width);
  std::vector<std::string> lines(1);
  for (const Column& column : columns) {
    Append(column, std::string(column.title), &lines[0]);
  }
  for (const StatsRow& row : rows) {
    std::string line;
    for (const Column& column : columns) {
      Append(column, column.cell(row), &line);
    }
    lines.push_back(std::move(line));
    if (!row.last_error.empty()) {
      lines.push_back(
          absl::StrCat("  last error: ", Printable(row.last_error)));
    }
  }
  for (std::string& line : lines) line = Cut(line, width);
  return lines;
}

std::string StatsSnapshot(const StatsRow& row) {
  return absl::StrCat(
      "stats ", OrNone(row.forward), " local=", OrNone(row.local),
      " pod=", OrNone(row.pod), " open=", row.open, " total=", row.total,
      " sent=", row.sent_bytes, " received=", row.received_bytes,
      " sentPerSecond=", absl::StrFormat("%.0f", row.sent_per_second),
      " receivedPerSecond=", absl::StrFormat("%.0f", row.received_per_second),
      " roundTrip=",
      row.round_trip.has_value() ? HumanRoundTrip(*row.round_trip)
                                 : std::string(kNone),
      row.last_error.empty()
          ? ""
          : absl::StrCat(" lastError=\"", Printable(row.last_error), "\""));
}

}  // namespace fairway::cmd

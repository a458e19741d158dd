// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/cli-runtime/pkg/printers/tableprinter.go (v0.20.2)
#ifndef CLIENT_CMD_PRINTERS_H_
#define CLIENT_CMD_PRINTERS_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace fairway::cmd {

// What a server is asked for, so that it says what columns a kind has.
inline constexpr absl::string_view kAcceptTable =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v="
    "v1beta1;g=meta.k8s.io,application/json";

using Row = std::vector<std::string>;

// Columns as wide as their widest cell and three spaces more.
std::string FormatTable(const std::vector<Row>& rows);

enum class TableWidth { kNormal, kWide };

struct TableOptions {
  TableWidth width = TableWidth::kNormal;
  bool with_namespace = false;
  bool no_headers = false;
};

// The rows of what a server answered about objects of one kind: Tables, or
// from a server that has none the objects and lists themselves, of which name
// and age are shown. The header is the first row, unless there are no objects.
std::vector<Row> TableRows(const std::vector<nlohmann::json>& answers,
                           const TableOptions& options, absl::Time now);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PRINTERS_H_

// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/cli-runtime/pkg/printers/tableprinter.go,
// pkg/printers/internalversion/printers.go (v0.20.2)
#ifndef CLIENT_CMD_PRINTERS_H_
#define CLIENT_CMD_PRINTERS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cmd/resources.h"

namespace fairway::cmd {

using Row = std::vector<std::string>;

// Columns as wide as their widest cell and three spaces more.
std::string FormatTable(const std::vector<Row>& rows);

enum class TableWidth { kNormal, kWide };

// The header of a table of `kind`.
Row TableHeader(const ResourceKind& kind, TableWidth width);

// The cells of one object. Errors: kInvalidArgument for what is no object.
absl::StatusOr<Row> TableRow(const ResourceKind& kind, absl::string_view json,
                             TableWidth width, absl::Time now);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PRINTERS_H_

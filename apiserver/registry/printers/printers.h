// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/printers/internalversion/printers.go (v1.20.2)
// What `kubectl get` shows of an object: meta.k8s.io/v1 Tables.
#ifndef APISERVER_REGISTRY_PRINTERS_PRINTERS_H_
#define APISERVER_REGISTRY_PRINTERS_PRINTERS_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "apiserver/registry/rest/json_path.h"

namespace fairway::apiserver::printers {

// How much of each object a row carries.
enum class IncludeObject { kNone, kMetadata, kObject };

// The columnDefinitions of a kind; those of unknown kinds are Name and Age.
Json ColumnDefinitions(const std::string& kind);

// A row of the table.
Json Row(const std::string& kind, const Json& object, absl::Time now,
         IncludeObject include);

}  // namespace fairway::apiserver::printers

#endif  // APISERVER_REGISTRY_PRINTERS_PRINTERS_H_

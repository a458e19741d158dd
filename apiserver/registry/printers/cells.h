// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/printers/internalversion/printers.go (v1.20.2)
// The parts that rows of several kinds are made of.
#ifndef APISERVER_REGISTRY_PRINTERS_CELLS_H_
#define APISERVER_REGISTRY_PRINTERS_CELLS_H_

#include <string>

#include "absl/time/time.h"
#include "apiserver/registry/rest/json_path.h"

namespace fairway::apiserver::printers {

inline constexpr char kNone[] = "<none>";
inline constexpr char kUnknown[] = "<unknown>";

std::string OrElse(std::string text, const char* otherwise);
std::string NameOf(const Json& object);
// Mirrors: translateTimestampSince.
std::string Age(const Json& object, absl::Time now);
// Mirrors: labels.FormatLabels: "a=b,c=d". `map` may be null.
std::string FormatLabels(const Json* map);
// Mirrors: metav1.FormatLabelSelector: "a=b,c in (d,e),!f". `selector` may be
// null.
std::string FormatLabelSelector(const Json* selector);

}  // namespace fairway::apiserver::printers

#endif  // APISERVER_REGISTRY_PRINTERS_CELLS_H_

// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apimachinery/pkg/labels/selector.go, pkg/fields/selector.go
// (v0.20.2)
#ifndef APISERVER_REGISTRY_REST_SELECTOR_H_
#define APISERVER_REGISTRY_REST_SELECTOR_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apiserver/registry/rest/json_path.h"

namespace fairway::apiserver::registry::rest {

// One condition on a label or a field.
struct Requirement {
  enum class Operator {
    kIn,     // also "=" and "=="
    kNotIn,  // also "!="; true where the key is missing
    kExists,
    kDoesNotExist,
    kGreaterThan,
    kLessThan,
  };
  std::string key;
  Operator op = Operator::kIn;
  std::set<std::string> values;

  // `value` is null where the key is missing.
  bool Matches(const std::string* value) const;
};

// A selector holds when all its requirements do.
using Requirements = std::vector<Requirement>;

// "a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1". Errors: kInvalidArgument.
absl::StatusOr<Requirements> ParseLabelSelector(absl::string_view text);
// "metadata.name=a,spec.nodeName!=b"; a backslash escapes ',', '=' and itself.
// Errors: kInvalidArgument.
absl::StatusOr<Requirements> ParseFieldSelector(absl::string_view text);

// Mirrors: metav1.LabelSelectorAsSelector, for a selector that is there: its
// matchLabels and matchExpressions. Errors: kInvalidArgument for an operator
// that there is not.
absl::StatusOr<Requirements> LabelSelectorAsSelector(const Json& selector);

using FieldMap = std::map<std::string, std::string>;

bool MatchesLabels(const Requirements& selector, const Json& object);
bool MatchesFields(const Requirements& selector, const FieldMap& fields);

}  // namespace fairway::apiserver::registry::rest

#endif  // APISERVER_REGISTRY_REST_SELECTOR_H_

// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/polymorphichelpers/helpers.go:
// SelectorsForObject, with k8s.io/apimachinery/pkg/apis/meta/v1/helpers.go:
// LabelSelectorAsSelector and pkg/labels/selector.go: Selector.String (v0.20.2)
// The label selector of the pods that an object stands for.
#ifndef CLIENT_POLYMORPHICHELPERS_HELPERS_H_
#define CLIENT_POLYMORPHICHELPERS_HELPERS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "api/workload.h"

namespace fairway::polymorphichelpers {

// As the query's labelSelector wants it: "app=web,tier in (a,b),!canary",
// sorted by key. An empty selector of a workload is "", which is every pod.
// Errors: kInvalidArgument "invalid service 'x': Service is defined without a
// selector", "invalid label selector: ...".
// Differs: a workload whose selector is missing, which a server never makes, is
// an error; upstream's selector of nothing asks for every pod.
absl::StatusOr<std::string> SelectorsForObject(const api::Service& service);
absl::StatusOr<std::string> SelectorsForObject(const api::Workload& workload);

// "selector for *v1.Node not implemented": of a kind that stands for no pods.
absl::Status SelectorNotImplemented(absl::string_view kind);

// `cause` as attachablePodForObject has it: "cannot attach to *v1.Node: ...".
absl::Status CannotAttach(absl::string_view kind, const absl::Status& cause);

}  // namespace fairway::polymorphichelpers

#endif  // CLIENT_POLYMORPHICHELPERS_HELPERS_H_

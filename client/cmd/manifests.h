// SPDX-License-Identifier: Apache-2.0
#ifndef CLIENT_CMD_MANIFESTS_H_
#define CLIENT_CMD_MANIFESTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cmd/factory.h"
#include "client/cmd/resources.h"

namespace fairway::cmd {

// One object of a file that a person gave with -f.
struct Manifest {
  std::string source;  // as typed; "STDIN" for "-"
  std::string json;
  const ResourceKind* kind = nullptr;
  std::string name;
  std::string namespace_;  // the manifest's own, else the command's
};

enum class Validation { kOn, kOff };

// The objects of all files, lists taken apart, the namespace filled in; none
// for files that are empty. With validation, what lacks its kind or version is
// "error validating "x": ...", else "unable to decode "x": ...".
// Errors: "the path "x" does not exist"; "error parsing x: ..."; "unable to
// recognize "x": no matches for kind ..."; a namespace other than an enforced
// one.
absl::StatusOr<std::vector<Manifest>> ReadManifests(
    Factory& factory, const std::vector<std::string>& filenames,
    Validation validation);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_MANIFESTS_H_

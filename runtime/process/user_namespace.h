// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_PROCESS_USER_NAMESPACE_H_
#define RUNTIME_PROCESS_USER_NAMESPACE_H_

#include "absl/status/status.h"

namespace fairway::runtime::process {

// Moves an ordinary user's process into a user namespace in which it is root,
// so that it may make network namespaces; does nothing where it may already.
// To be called first thing in main(): a process with threads cannot do it.
// Errors: kPermissionDenied where the kernel forbids it (the runtime then
// shares the host's network); kFailedPrecondition if there are threads.
absl::Status EnterUserNamespaceIfNeeded();

}  // namespace fairway::runtime::process

#endif  // RUNTIME_PROCESS_USER_NAMESPACE_H_

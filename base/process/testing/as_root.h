// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_PROCESS_TESTING_AS_ROOT_H_
#define BASE_PROCESS_TESTING_AS_ROOT_H_

namespace fairway {

// For tests that start dockerd: runs the whole test again as root, with the
// same arguments and environment, by `sudo -n`, unless it is root already. Ends
// the process with a line that says so where sudo would ask for a password.
// Call it before main():  const bool kIsRoot = RunAsRoot();
bool RunAsRoot();

}  // namespace fairway

#endif  // BASE_PROCESS_TESTING_AS_ROOT_H_

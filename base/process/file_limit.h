// SPDX-License-Identifier: Apache-2.0
// Mirrors: os/rlimit.go, syscall/rlimit.go (Go 1.19)
#ifndef BASE_PROCESS_FILE_LIMIT_H_
#define BASE_PROCESS_FILE_LIMIT_H_

#include <sys/resource.h>

namespace fairway {

// Raises the soft limit of open files to the hard one: each forwarded
// connection is a descriptor or two, and the usual soft limit of 1024 is there
// for select(2), which nothing here calls. Where that is not permitted, the
// limit stays. Call it before there are threads.
void RaiseFileLimit();

// What a child is started with: the limits of before RaiseFileLimit(), since a
// program that we know nothing of may call select(2).
rlimit FileLimitOfChildren();

}  // namespace fairway

#endif  // BASE_PROCESS_FILE_LIMIT_H_
